"""Backups restored on real servers: beside the database, in its place, into a new release; and what is refused."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import LiteralString

import psycopg
import pytest

from harness.database.backups import Backups
from harness.database.hook import Hook
from harness.database.servers import Run, Server
from tests.database.catalogue import catalogue
from tests.database.conftest import Prepared
from tests.database.restoring import databases, flip_a_byte, made_backup, newest_result, one, patched
from tests.database.versions import newest, oldest, oldest_and_newest

COUNT: LiteralString = "SELECT count(*) FROM bill_inquiry_history"
SETTINGS = (
    "DATABASE {0} SET search_path = public, 'With \"quotes\"', cache",
    "DATABASE {0} SET application_name = 'it''s'",
    "DATABASE {0} CONNECTION LIMIT 90",
    "ROLE bill_readonly_user IN DATABASE {0} SET work_mem = '5MB'",
)
INSTALL = {"restore": {"from": "latest"}}


@pytest.fixture
def backups(server: Server, name: str, migrated: None) -> Iterator[Backups]:
    """A repository with one backup of the database `name`, which has rows. What restoring makes beside it is removed."""
    yield made_backup(server, name)
    with server.connect(database="postgres") as connection:
        for database in databases(server, name) - {name}:
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())


def objects(connection: psycopg.Connection) -> list[str]:
    """What is in the database, without who may connect to it."""
    return [line for line in catalogue(connection) if not line.startswith("database: ")]


@oldest_and_newest
def test_beside_the_database_is_what_it_was_at_the_backup(server: Server, name: str, backups: Backups) -> None:
    with server.connect(database=name) as live:
        before = objects(live)
        live.execute("DELETE FROM kos_inquiry_history")
        live.execute("DELETE FROM bill_inquiry_history")
    done = backups.restore(name)
    assert done.status == 0, done.log
    assert "and the ledger: as the manifest says" in done.log
    assert databases(server, name) == {name, f"{name}_restored"}
    with server.connect(database=f"{name}_restored") as restored:
        assert objects(restored) == before
        assert one(restored, COUNT) == 500
        assert one(restored, "SELECT config_value FROM system_config WHERE config_key = 'bill.cache.ttl.hours'") == "6"
        assert one(restored, "SELECT nextval('bill_inquiry_history_id_seq')") == 501
        assert one(restored, "SELECT count(*) FROM pg_stats WHERE tablename = 'bill_inquiry_history'") > 10, "analyzed"
        assert one(
            restored, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ) == (f"billdb: backup {newest_result(server, name, 'restore')[1]} of release billdb")
    with server.connect(database=name) as live:
        assert one(live, COUNT) == 0
        assert one(live, "SELECT to_regrole('billdb_restore')") is None
    succeeded, _, message = newest_result(server, name, "restore")
    assert succeeded
    assert message
    assert message.endswith(f"is in the database {name}_restored")


@oldest_and_newest
def test_swapped_while_the_service_connects_again_and_again(server: Server, name: str, backups: Backups) -> None:
    with server.connect(database=name) as live:
        live.execute("DELETE FROM kos_inquiry_history")
        for setting in SETTINGS:
            live.execute(f"ALTER {setting.format(name)}".encode())
        live.execute(f"GRANT CREATE ON DATABASE {name} TO bill_readonly_user WITH GRANT OPTION".encode())
    over = threading.Event()
    failures: list[str] = []

    def service() -> None:
        while not over.is_set():
            try:
                with server.connect("bill_inquiry_user", name) as client:
                    client.execute(COUNT)
            except psycopg.Error as error:
                failures.append(str(error))

    settings: LiteralString = """
        SELECT array_agg((setrole::regrole, setconfig) ORDER BY setrole), datacl::text, datconnlimit, datdba::regrole
        FROM pg_database LEFT JOIN pg_db_role_setting ON setdatabase = pg_database.oid WHERE datname = %s GROUP BY 2, 3, 4
    """
    with server.connect("bill_inquiry_user", name) as pooled, server.connect(database="postgres") as watcher:
        clients = [threading.Thread(target=service) for _ in range(4)]
        for client in clients:
            client.start()
        done = backups.restore(name, then="swap")
        over.set()
        for client in clients:
            client.join()
        assert done.status == 0, done.log
        [kept] = databases(server, name) - {name}
        assert kept.startswith(f"{name}_before_2")
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            pooled.execute("SELECT 1")
        expected = watcher.execute(settings, [kept]).fetchone()
        found = watcher.execute(settings, [name]).fetchone()
    assert found
    assert expected
    assert found[0] == expected[0]
    assert found[2:] == expected[2:]
    assert sorted(found[1][1:-1].split(",")) == sorted(expected[1][1:-1].split(","))
    # Sessions are ended, and a login in the moment of the renaming is told so; there is no other moment without the database.
    assert not [failure for failure in failures if "does not exist" in failure and "just been dropped or renamed" not in failure]
    with server.connect(database=name) as live, server.connect(database=kept) as old:
        assert (one(live, "SELECT count(*) FROM kos_inquiry_history"), one(old, "SELECT count(*) FROM kos_inquiry_history")) == (
            501,
            0,
        )
    assert f"DROP DATABASE {kept}" in done.log
    succeeded, _, message = newest_result(server, name, "restore")
    assert succeeded
    assert message
    assert message.endswith(f"is {name} now, and what it was is {kept}")
    assert "unchanged  12 migrations" in Hook(server).apply(name)


@oldest
def test_swap_of_what_was_restored_before_restores_nothing_again(server: Server, name: str, backups: Backups) -> None:
    assert backups.restore(name).status == 0
    with server.connect(database=f"{name}_restored") as restored:
        restored.execute("DELETE FROM bill_info_cache")
    done = backups.restore(name, then="swap")
    assert done.status == 0, done.log
    assert "already, by a run before this one" in done.log
    with server.connect(database=name) as live:
        assert one(live, "SELECT count(*) FROM bill_info_cache") == 0


@oldest_and_newest
def test_new_release_gets_roles_settings_and_a_ledger_that_the_schema_job_finds_current(
    server: Server, name: str, backups: Backups
) -> None:
    with server.connect(database=name) as live:
        live.execute("CREATE ROLE reporting LOGIN CREATEROLE PASSWORD 'x' IN ROLE pg_monitor, pg_execute_server_program")
        live.execute("CREATE SCHEMA report AUTHORIZATION reporting")
        live.execute("SET ROLE reporting")
        live.execute("CREATE TABLE report.mine AS SELECT generate_series(1, 7) AS n")
        live.execute("RESET ROLE")
        live.execute(f"ALTER DATABASE {name} SET work_mem = '7MB'".encode())
        live.execute("GRANT SELECT ON customer_info TO reporting")
        backups.apply(database=name)
        before = objects(live)
        live.execute("DROP OWNED BY reporting CASCADE")
        live.execute("DROP ROLE reporting")
    fresh = f"{name}_fresh"
    job = Backups(server, INSTALL, name)
    log = job.apply("bill-inquiry-db-restore", fresh)
    assert "role       reporting made, without password and LOGIN" in log
    with server.connect(database=fresh) as restored:
        assert objects(restored) == before
        assert one(restored, "SELECT sum(n) FROM report.mine") == 28
        assert one(restored, "SELECT current_setting('work_mem')") == "7MB"
        assert one(restored, "SELECT (rolcanlogin, rolcreaterole)::text FROM pg_roles WHERE rolname = 'reporting'") == "(f,f)"
        memberships = "SELECT array_agg(roleid::regrole::text) FROM pg_auth_members WHERE member = 'reporting'::regrole"
        assert one(restored, memberships) == ["pg_monitor"]
    assert "unchanged  12 migrations" in Hook(server).apply(fresh)
    assert databases(server, fresh) == {fresh}
    with server.connect(database=fresh) as restored:
        restored.execute("DROP OWNED BY reporting CASCADE")
        restored.execute("DROP ROLE reporting")


@oldest
def test_installation_over_data_is_refused_or_puts_it_aside_and_an_upgrade_leaves_it(
    server: Server, name: str, backups: Backups
) -> None:
    job = Backups(server, INSTALL, name)
    done = job.run("bill-inquiry-db-restore", name)
    assert done.status == 3
    assert f"{name} has data already, nothing was restored: leave restore.from empty" in done.log
    again = job.run("bill-inquiry-db-restore", name, UPGRADE="true", REPLACE="true")
    assert again.status == 0
    assert f"{name} has data: nothing is restored" in again.log
    assert databases(server, name) == {name}
    replacing = Backups(server, {"restore": {"from": "latest", "replace": True}}, name)
    replacing.apply("bill-inquiry-db-restore", name)
    assert len(databases(server, name)) == 2


def refused(server: Server, name: str, done: Run, message: str) -> None:
    """It ended with this message, and the server has what it had."""
    assert done.status == 3, done.log
    assert message in done.log
    assert databases(server, name) == {name}
    with server.connect(database=name) as live:
        assert one(live, COUNT) == 500
        assert one(live, "SELECT to_regrole('billdb_restore')") is None
    succeeded, _, recorded = newest_result(server, name, "restore")
    assert not succeeded
    assert recorded
    assert message[:40] in recorded


@oldest
def test_backup_is_found_by_id_day_and_moment_or_those_that_there_are_named(server: Server, name: str, backups: Backups) -> None:
    [first] = backups.restic("snapshots", "--json").log.split('"short_id":"')[1:]
    backups.apply(database=name)
    ids = [part[:8] for part in backups.restic("snapshots", "--json").log.split('"short_id":"')[1:]]
    assert len(ids) == 2
    assert ids[0] == first[:8]
    newest = backups.restore(name, start="2999-01-01")
    assert f"backup     {ids[1]} of 2" in newest.log
    older = backups.restore(name, start=ids[0], REPLACE="true")
    assert f"backup     {ids[0]} of 2" in older.log
    assert older.status == 0, older.log
    with server.connect(database="postgres") as connection:
        connection.execute(f"DROP DATABASE {name}_restored".encode())
    for start in ("2020-01-01", "2020-01-01T02:00", "ffffffff"):
        refused(server, name, backups.restore(name, start=start), f"there is no backup {start}; there are: \n- {ids[0]} of ")
    refused(
        server, name, backups.restore(name, start="yesterday"), "FROM is yesterday: give latest, the id of a backup, a day as"
    )
    refused(
        server, name, backups.restore(name, then="swop"), "THEN is swop: give keep, which leaves the restored database beside"
    )


@oldest
def test_wrong_password_and_no_repository_are_refused(server: Server, name: str, backups: Backups) -> None:
    (server.folder / "wrong").write_text("wrong")
    done = backups.restore(name, RESTIC_PASSWORD_FILE="/shared/wrong")
    refused(server, name, done, "the repository's password is not that of ")
    nowhere = Backups(server, repository="nowhere").restore(name)
    refused(server, name, nowhere, "there is no repository at /repository/nowhere")


@oldest
def test_damaged_backup_is_refused_before_anything_is_touched(server: Server, name: str, backups: Backups) -> None:
    flip_a_byte(server, name)
    refused(server, name, backups.restore(name, then="swap"), "is damaged, as said above; nothing was restored: take another one")


@oldest
@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        (
            "manifest.sql",
            "current_setting('server_version_num')::int",
            "990001",
            "is of PostgreSQL 99, newer than this server's ",
        ),
        ("manifest.sql", "pg_database_size(current_database())", "1e15::bigint", "not enough room for backup "),
        ("count-rows.awk", 'rows "}"', '(rows + 1) "}"', "what was restored is not what the manifest of backup "),
        ("manifest.sql", "'sha256', sha256", "'sha256', md5(sha256)", "what was restored is not what the manifest of backup "),
        (
            "manifest.sql",
            "'format', 1",
            "'format', 2",
            "does not begin with a manifest that this chart knows: nothing was restored",
        ),
    ],
    ids=["newer", "room", "rows", "ledger", "format"],
)
def test_backup_that_does_not_fit_or_is_not_what_it_says_leaves_nothing(
    server: Server, name: str, migrated: None, file: str, before: str, after: str, message: str
) -> None:
    backups = made_backup(server, name, patched(file, before, after))
    refused(server, name, backups.restore(name, then="swap"), message)


@oldest
def test_restored_database_in_the_way_is_not_lost_unless_told(server: Server, name: str, backups: Backups) -> None:
    assert backups.restore(name).status == 0
    backups.apply(database=name)
    done = backups.restore(name)
    assert done.status == 3
    assert f"the database {name}_restored is there already: DROP DATABASE {name}_restored, or set REPLACE=true" in done.log
    assert backups.restore(name, REPLACE="true").status == 0


@oldest
def test_what_a_superuser_made_of_the_owners_is_left_out_and_said(server: Server, name: str, backups: Backups) -> None:
    with server.connect(database=name) as live:
        live.execute("CREATE SCHEMA admin")
        live.execute("CREATE TABLE admin.own AS SELECT 1 AS n")
        live.execute("CREATE VIEW admin.late AS SELECT request_id FROM public.bill_inquiry_history")
    backups.apply(database=name)
    done = backups.restore(name)
    assert done.status == 0, done.log
    assert "VIEW admin late postgres" in done.log or "VIEW admin late billdb_hook" in done.log
    with server.connect(database=f"{name}_restored") as restored:
        assert one(restored, "SELECT to_regclass('admin.late')") is None
        assert one(restored, "SELECT n FROM admin.own") == 1


@newest
def test_backup_of_an_older_server_is_restored_into_a_newer_one(
    server: Server, name: str, prepared_of: Callable[[str], Prepared]
) -> None:
    older = prepared_of("14")
    with older.server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {older.template} OWNER bill_inquiry_owner".encode())
    made_backup(older.server, name)
    copied = ["cp", "--archive", f"{older.server.folder}/repository/{name}", f"{server.folder}/repository/{name}"]
    subprocess.run(copied, check=True)
    log = Backups(server, INSTALL, name).apply("bill-inquiry-db-restore", name)
    assert "backup     PostgreSQL 14." in log
    assert "unchanged  12 migrations" in Hook(server).apply(name)
    with older.server.connect(database=name) as before, server.connect(database=name) as after:
        assert (one(before, COUNT), one(after, COUNT)) == (500, 500)
    with older.server.connect(database="postgres") as connection:
        connection.execute(f"DROP DATABASE {name}".encode())
