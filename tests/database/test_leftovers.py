"""Indexes that a build left invalid are removed before migrations run, whatever their names, and hold back the ledger's line."""

from collections.abc import Iterator

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.watching import wait_for_build

INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
DUPLICATES = """
INSERT INTO customer_info (customer_id, line_number, operator_code, expires_at)
VALUES ('a', '1', 'KT', now()), ('b', '2', 'KT', now())"""


@pytest.fixture
def connection(server: Server, name: str, migrated: None) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database of its own with two rows of one operator, for unique indexes that fail."""
    with server.connect(database=name) as opened:
        opened.execute(DUPLICATES.encode())
        yield opened


def fail_to_build(connection: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(statement.encode())


def test_every_leftover_of_the_owners_tables_is_removed_whatever_its_name(
    server: Server, name: str, connection: psycopg.Connection
) -> None:
    fail_to_build(
        connection,
        "CREATE UNIQUE INDEX CONCURRENTLY IX_Mine ON customer_info (operator_code)",
        'CREATE UNIQUE INDEX CONCURRENTLY "IX ""Mine""" ON customer_info (operator_code)',
        f"CREATE UNIQUE INDEX CONCURRENTLY {'long_' * 12} ON customer_info (operator_code)",
    )
    # What REINDEX TABLE CONCURRENTLY leaves when it is ended, on the table and on its TOAST table.
    connection.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ("
        " SELECT indexrelid FROM pg_index JOIN pg_class ON reltoastrelid = indrelid WHERE relname = 'bill_info_cache')"
    )
    before = connection.execute(INVALID).fetchall()
    assert len(before) == 4
    toast = [found for (found,) in before if "pg_toast" in found]
    log = Hook(server).apply(name)
    for what in ("public.ix_mine", 'public."IX ""Mine"""', *toast):
        assert f"removed    the unfinished index {what} of public." in log
    assert connection.execute(INVALID).fetchall() == []


def test_index_of_another_schema_that_a_file_names_is_left_alone(
    server: Server, name: str, connection: psycopg.Connection
) -> None:
    connection.execute("CREATE SCHEMA theirs; CREATE TABLE theirs.t AS SELECT 1 AS a UNION ALL SELECT 1")
    fail_to_build(connection, "CREATE UNIQUE INDEX CONCURRENTLY theirs_a ON theirs.t (a)")
    mine = "-- billdb: concurrently\n-- not theirs_a\nCREATE INDEX CONCURRENTLY IF NOT EXISTS mine ON customer_info (status);"
    Hook(server, files={"V9001__mine.sql": mine}).apply(name)
    assert connection.execute(INVALID).fetchall() == [("theirs.theirs_a",)]


def test_partitioned_tables_index_that_waits_for_its_partitions_is_no_leftover(
    server: Server, name: str, connection: psycopg.Connection
) -> None:
    connection.execute(
        "SET ROLE bill_inquiry_owner; CREATE TABLE parted (a INT) PARTITION BY RANGE (a);"
        "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9); CREATE INDEX parted_a ON ONLY parted (a); RESET ROLE"
    )
    Hook(server).apply(name)
    assert connection.execute(INVALID).fetchall() == [("parted_a",)]


BUILD = "-- billdb: concurrently\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {name} ON customer_info (operator_code);"


@pytest.mark.parametrize("index", ["IX_Mine", '"IX Mine"'])
def test_nothing_is_recorded_while_an_index_is_invalid(
    server: Server, name: str, connection: psycopg.Connection, index: str
) -> None:
    ignores = BUILD.format(name=index).replace("CREATE", "\\set ON_ERROR_STOP off\nCREATE")
    done = Hook(server, files={"V9001__mine.sql": ignores}).run(name)
    assert done.status == 3
    assert "ERROR:  V9001__mine.sql is not recorded, for an index is not valid: public." in done.log
    assert connection.execute("SELECT max(version) < 9001 FROM audit.schema_migration").fetchone() == (True,)
    connection.execute("DELETE FROM customer_info WHERE customer_id = 'b'")
    log = Hook(server, files={"V9001__mine.sql": ignores}).apply(name)
    assert "removed    the unfinished index public." in log
    assert connection.execute(INVALID).fetchall() == []
    assert connection.execute("SELECT count(*) FROM pg_indexes WHERE lower(indexname) ~ '^ix.mine$'").fetchone() == (1,)


def test_index_that_somebody_builds_is_left_to_them(server: Server, name: str, connection: psycopg.Connection) -> None:
    with server.connect(database=name) as old, server.connect(database=name) as builder:
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT FROM customer_info")
        builder.pgconn.send_query(b"CREATE INDEX CONCURRENTLY theirs ON public.customer_info (status)")
        wait_for_build(connection)
        log = Hook(server).apply(name)
        assert "removed " not in log
        old.execute("ROLLBACK")
        while (result := builder.pgconn.get_result()) is not None:
            assert result.error_message == b""
    assert connection.execute(INVALID).fetchall() == []
