"""The move Job, from a server to new volumes of newer major versions: what comes along, and what stops it before it begins."""

from pathlib import Path

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.moves import CLAIM, Move
from harness.database.servers import PASSWORDS, Server
from harness.database.volumes import PREPARE, pod
from tests.database.moving import INSERT, ROLES, SEQUENCES, TABLES, answer, wait_for_line, writes

NEWER = ("15", "16", "17", "18")


@pytest.mark.parametrize("major", NEWER)
def test_everything_comes_along_and_the_old_database_is_closed(opened: Server, major: str, tmp_path: Path) -> None:
    before = {query: answer(opened, query) for query in (TABLES, SEQUENCES, ROLES)}
    (tmp_path / "volume").mkdir()
    done = Move(opened, major, tmp_path / "volume").run()
    assert done.status == 0, done.log
    assert f"moved      PostgreSQL 14 to {major}; writers have waited" in done.log
    with pytest.raises(psycopg.OperationalError, match='"bill_inquiry_db" is not currently accepting connections'):
        opened.connect()
    with pod(major, tmp_path) as new:
        new.password(PASSWORDS["postgres"])
        new.check(PREPARE, MOVED_FROM="postgresql-bill-inquiry-pvc")
        new.check('[[ ! -e "$PGDATA/billdb-moved" ]]')
        new.serve()
        database = {"PGDATABASE": "bill_inquiry_db"}
        for query, expected in before.items():
            assert new.sql(query, **database).splitlines() == expected.splitlines()
        assert new.sql("SELECT lo_get(4711), current_setting('statement_timeout')", **database) == "\\x0123456789|1h"
        assert new.sql("SELECT count(*) FROM pg_stats WHERE tablename = 'bill_inquiry_history'", **database) != "0"
        newest = "SELECT kind, succeeded, message FROM audit.backup_run ORDER BY id DESC LIMIT 1"
        assert new.sql(newest, **database) == f"move|t|PostgreSQL 14 to {major}, volume {CLAIM}"
        assert new.sql("SELECT indexrelid FROM pg_index WHERE NOT indisvalid", **database) == ""
        for role in ("bill_inquiry_user", "bill_readonly_user", "postgres"):
            assert new.sql("SELECT current_user", PGUSER=role, PGPASSWORD=PASSWORDS[role], **database) == role


def test_readers_go_on_and_writers_wait_meanwhile(opened: Server, tmp_path: Path) -> None:
    job = Move(opened, "18", tmp_path / "volume").start()
    with opened.connect() as other:
        other.execute("BEGIN")
        other.execute("UPDATE system_config SET config_value = '2' WHERE config_key = 'written'")
        wait_for_line(job.lines(), "from here on whoever writes waits")
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            other.execute("COMMIT")
    with opened.connect() as reader, opened.connect("bill_inquiry_user") as writer:
        assert reader.execute("SELECT count(*) FROM bill_inquiry_history").fetchone() == (500,)
        writer.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            writer.execute(INSERT.encode())
    done = job.end()
    assert done.status == 0, done.log


def test_the_next_run_believes_a_copy_only_as_long_as_the_old_database_is_closed(opened: Server, tmp_path: Path) -> None:
    move = Move(opened, "18", tmp_path / "volume")
    assert move.run().status == 0
    again = move.run()
    assert (again.status, "the data are on the volume" in again.log, "copied" in again.log) == (0, True, False), again.log
    Hook(opened).apply()
    assert writes(opened)
    anew = move.run()
    assert (anew.status, "the old server has gone on since: the data are copied anew" in anew.log) == (0, True), anew.log
    (move.folder / "data" / "billdb-moved").unlink()
    Hook(opened).apply()
    refused = move.run()
    assert (refused.status, f"the volume {CLAIM} has data already, and no move made them" in refused.log) == (3, True), (
        refused.log
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("BEGIN; INSERT INTO system_config VALUES ('p', '1'); PREPARE TRANSACTION 'mine'", "ROLLBACK PREPARED 'mine'",
         "the prepared transaction 'mine' of billdb_hook is open: COMMIT or ROLLBACK PREPARED it"),
        ("CREATE DATABASE other", "DROP DATABASE other",
         "the database other would stay behind: move it to a server of its own, and drop it here"),
        ('CREATE ROLE "of two words"', 'DROP ROLE "of two words"', 'the name of the role "of two words" has a blank: rename it'),
        ("CREATE SCHEMA mine; CREATE TABLE mine.own ()", "DROP SCHEMA mine CASCADE",
         "the table mine.own is the superuser's: ALTER TABLE … OWNER TO bill_inquiry_owner"),
        ("UPDATE pg_extension SET extname = 'rare' WHERE extname = 'uuid-ossp'",
         "UPDATE pg_extension SET extname = 'uuid-ossp' WHERE extname = 'rare'",
         "the extension rare is not in the new image: take one that has it, or drop it"),
    ],
    ids=["prepared transaction", "database", "role", "table", "extension"],
)  # fmt: skip
def test_what_would_stay_behind_is_named_before_anything_is_changed(
    opened: Server, tmp_path: Path, before: str, after: str, told: str
) -> None:
    with opened.connect() as connection:
        try:
            for statement in before.split("; "):
                connection.execute(statement.encode())
            done = Move(opened, "15", tmp_path / "volume").run()
        finally:
            connection.execute(after.encode())
    expected = f"the move cannot begin, and nothing was changed:\n- {told}\n"
    assert (done.status, expected in done.log) == (3, True), done.log


def test_a_volume_without_enough_room_is_refused_with_what_it_has(opened: Server, tmp_path: Path) -> None:
    done = Move(opened, "15", tmp_path / "volume", room="200m").run()
    assert (done.status, f"the volume {CLAIM} has 1" in done.log, "give persistence.volume another word" in done.log) == (
        3,
        True,
        True,
    )


def test_an_older_image_is_refused(engine: None, tmp_path: Path) -> None:
    server = Server("15", tmp_path / "server")
    try:
        done = Move(server, "14", tmp_path / "volume").run()
    finally:
        server.stop()
    assert (done.status, "the server is PostgreSQL 15, the image 14: no move goes to an older version" in done.log) == (3, True)
