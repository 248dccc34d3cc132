"""The lines of a migration that change how it is run: each does what it says, and what only looks like one is refused."""

import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from tests.database.versions import oldest_and_newest

pytestmark = oldest_and_newest

WRONG = {
    "a trailing blank": "-- billdb: superuser ",
    "a leading blank": " -- billdb: superuser",
    "a line end of Windows": "-- billdb: superuser\r",
    "a byte order mark": "\ufeff-- billdb: superuser",
    "another word": "-- billdb: super-user",
    "another case": "-- Billdb: Superuser",
    "no blank after the colon": "-- billdb:superuser",
    "no blank after the dashes": "--billdb: superuser",
    "two words": "-- billdb: superuser, no-transaction",
    "after a statement": "SELECT 1; -- billdb: superuser",
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_line_that_looks_like_a_marker_is_refused_before_anything_is_done(server: Server, installed: str, line: str) -> None:
    done = Hook(server, files={"V9001__mine.sql": f"SELECT 1;\n{line}\nCREATE TABLE mine ();"}).run("not_made")
    assert done.status == 3
    assert "no marker: V9001__mine.sql:2:" in done.log
    with server.connect(database="postgres") as connection:
        assert connection.execute("SELECT FROM pg_database WHERE datname = 'not_made'").fetchall() == []


RAN = """
CREATE TABLE IF NOT EXISTS public.ran AS SELECT
    current_user::text AS by, current_setting('lock_timeout') AS wait, now() < statement_timestamp() AS in_transaction;
"""
WAYS = {
    "": ("bill_inquiry_owner", "3s", True),
    "-- billdb: superuser\n": ("postgres", "3s", True),
    "-- billdb: no-transaction\n": ("bill_inquiry_owner", "3s", False),
    "-- billdb: concurrently\n": ("bill_inquiry_owner", "0", False),
    "-- billdb: superuser\n-- billdb: concurrently\n": ("postgres", "0", False),
}


@pytest.mark.parametrize(("markers", "found"), WAYS.items(), ids=[w.replace("\n", " ") or "none" for w in WAYS])
def test_marker_decides_who_runs_a_file_and_how(server: Server, name: str, markers: str, found: tuple[str, str, bool]) -> None:
    Hook(server, files={"V9001__mine.sql": f"{markers}SELECT pg_sleep(0.1);\n{RAN}"}).apply(name)
    with server.connect(database=name) as connection:
        assert connection.execute("SELECT * FROM public.ran").fetchall() == [found]


BUILD = "CREATE INDEX CONCURRENTLY {} IF NOT EXISTS mine ON customer_info (status) {};"
ALTER = "ALTER TABLE customer_info ADD COLUMN IF NOT EXISTS mine TEXT;"
BLOCKS = {
    "an apostrophe in a comment": BUILD.format("/* it's */", "") + ALTER + BUILD.format("/* it's */", ""),
    "a quoted apostrophe": BUILD.format("", r"WHERE status <> E'\''") + ALTER + "COMMENT ON INDEX mine IS 'x';",
    "CONCURRENTLY that is off": "REINDEX (CONCURRENTLY false) TABLE customer_info;",
}


@pytest.mark.parametrize("sql", BLOCKS.values(), ids=BLOCKS)
def test_statement_that_may_block_keeps_its_lock_timeout_whatever_it_looks_like(
    server: Server, name: str, migrated: None, sql: str
) -> None:
    hook = Hook(
        server,
        files={"V9001__mine.sql": f"-- billdb: no-transaction\n{sql}"},
        environment={"LOCK_TIMEOUT": "100ms", "LOCK_TRIES": "1"},
    )
    with server.connect("bill_inquiry_user", name) as client:
        client.execute("BEGIN")
        client.execute("SELECT FROM customer_info")
        done = hook.run(name)
    assert done.status == 3
    assert "ERROR:  canceling statement due to lock timeout" in done.log


ENDS = {
    "COMMIT": ("CREATE TABLE mine ();\nCOMMIT;", False),
    "ROLLBACK": ("CREATE TABLE mine ();\nROLLBACK;", True),
    "COMMIT and a new BEGIN": ("CREATE TABLE mine ();\nCOMMIT;\nBEGIN;", False),
    "COMMIT, with the runner's variables": (
        "CREATE TABLE mine ();\nSELECT 1 AS transaction, false AS pending, 'x' AS file \\gset\nCOMMIT AND CHAIN;",
        False,
    ),
}


@pytest.mark.parametrize(("sql", "undone"), ENDS.values(), ids=ENDS)
def test_file_that_ends_its_transaction_is_not_recorded(server: Server, name: str, sql: str, undone: bool) -> None:
    done = Hook(server, files={"V9001__mine.sql": sql}).run(name)
    assert done.status == 3
    assert "ERROR:  V9001__mine.sql has a COMMIT or ROLLBACK of its own" in done.log
    with server.connect(database=name) as connection:
        left = connection.execute(
            "SELECT to_regclass('mine') IS NULL, max(version) < 9001 FROM audit.schema_migration"
        ).fetchone()
        assert left == (undone, True)


def test_variables_that_a_file_sets_do_not_change_what_is_recorded(server: Server, name: str) -> None:
    sets = "\\set file x\n\\set release x\nSELECT 'x' AS chart_version, 1 AS transaction, 'x' AS begun, 'x' AS at \\gset\n"
    Hook(server, files={"V9001__mine.sql": sets, "V9002__mine.sql": f"-- billdb: no-transaction\n{sets}"}).apply(name)
    with server.connect(database=name) as connection:
        lines = connection.execute(
            "SELECT version, release, chart_version FROM audit.schema_migration ORDER BY 1 DESC"
        ).fetchall()
        assert lines[:2] == [(9002, "billdb", lines[-1][2]), (9001, "billdb", lines[-1][2])]


def test_file_outside_a_transaction_that_leaves_one_open_is_not_recorded(server: Server, name: str) -> None:
    done = Hook(server, files={"V9001__mine.sql": "-- billdb: no-transaction\nBEGIN;\nCREATE TABLE IF NOT EXISTS mine ();"}).run(
        name
    )
    assert done.status == 3
    assert "ERROR:  V9001__mine.sql left a transaction open, which is undone now" in done.log
    with server.connect(database=name) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
