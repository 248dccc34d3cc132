"""Migrations beside a service that works: how long it may be kept waiting, and what happens when a lock is not to be had."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.waiting import wait_for
from tests.database.versions import oldest, oldest_and_newest

pytestmark = oldest_and_newest

COLUMN = {"schema": {"extraMigrations": {"V9001__mine.sql": "ALTER TABLE bill_inquiry_history ADD COLUMN mine BIGINT;"}}}
ROWS = 2_000_000


def test_table_that_stays_busy_fails_the_release_with_the_names_of_those_who_are_busy(
    server: Server, name: str, migrated: None
) -> None:
    with server.connect("bill_inquiry_user", name, application_name="forgotten") as client:
        client.execute("BEGIN")
        client.execute("SELECT FROM bill_inquiry_history")
        done = Hook(server, COLUMN, environment={"LOCK_TIMEOUT": "100ms", "LOCK_TRIES": "2"}).run(name)
    assert done.status == 3
    assert done.log.count("V9001__mine.sql:1: ERROR:  canceling statement due to lock timeout") == 2
    assert "of bill_inquiry_user (forgotten), idle in transaction, transaction since" in done.log
    assert "the lock was not to be had in 100ms; try 2 of 2 follows in 2 s" in done.log
    assert "ERROR: no lock in 2 tries: end the transactions above, or upgrade at a quieter time" in done.log


def test_table_that_is_busy_for_a_moment_delays_the_migration_only(server: Server, name: str, migrated: None) -> None:
    hook = Hook(server, COLUMN, environment={"LOCK_TIMEOUT": "100ms"})
    with server.connect("bill_inquiry_user", name) as client:
        client.execute("BEGIN")
        client.execute("SELECT FROM bill_inquiry_history")
        job = hook.start(name)
        for line in job.lines():
            if "the lock was not to be had" in line:
                client.execute("COMMIT")
    done = job.end()
    assert done.status == 0, done.log
    assert "ERROR:  canceling statement due to lock timeout" in done.log
    assert "applied    V9001__mine.sql" in done.log


def test_statement_that_may_block_keeps_its_lock_timeout_outside_a_transaction_too(
    server: Server, name: str, migrated: None
) -> None:
    mine = "-- billdb: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS mine ON customer_info (operator_code);\n" + (
        "ALTER TABLE bill_inquiry_history ADD COLUMN IF NOT EXISTS mine BIGINT;"
    )
    hook = Hook(
        server,
        {"schema": {"extraMigrations": {"V9001__mine.sql": mine}}},
        environment={"LOCK_TIMEOUT": "100ms", "LOCK_TRIES": "1"},
    )
    with server.connect("bill_inquiry_user", name) as client:
        client.execute("BEGIN")
        client.execute("SELECT FROM bill_inquiry_history")
        done = hook.run(name)
    assert done.status == 3
    assert "V9001__mine.sql:3: ERROR:  canceling statement due to lock timeout" in done.log
    assert "applied    V9001__mine.sql" in hook.apply(name)


class Writer(threading.Thread):
    """A client that inserts and updates as the service does."""

    def __init__(self, connection: psycopg.Connection, number: int) -> None:
        super().__init__()
        self.connection, self.number = connection, number
        self.over = threading.Event()

    def run(self) -> None:
        for turn in count(1):
            if self.over.is_set():
                break
            key = f"writer-{self.number}-{turn}"
            self.connection.execute(
                "INSERT INTO bill_inquiry_history (request_id, line_number) VALUES (%s, '01012345678')", [key]
            )
            self.connection.execute("UPDATE bill_inquiry_history SET status = 'COMPLETED' WHERE request_id = %s", [key])


@contextmanager
def writers(server: Server, name: str) -> Iterator[None]:
    started = [Writer(server.connect("bill_inquiry_user", name), number) for number in range(4)]
    for writer in started:
        writer.start()
    yield
    for writer in started:
        writer.over.set()
        writer.join()
        writer.connection.close()


def long_waits(server: Server, name: str) -> list[str]:
    """What the server wrote of the service's sessions that waited for a lock for longer than their deadlock_timeout."""
    session = f"bill_inquiry_user@{name} "
    return [line for line in server.log().splitlines() if session in line and "still waiting for " in line]


OF_THE_FIRST_RELEASE = "V0009"  # no released chart has fewer migrations than those before this one
MINE = {
    "V9001__column.sql": "ALTER TABLE bill_inquiry_history ADD COLUMN mine BIGINT DEFAULT 0;",
    "V9002__begun.sql": "CREATE TABLE begun AS SELECT last_value AS id FROM bill_inquiry_history_id_seq;",
    "V9003__index.sql": "-- billdb: concurrently\n"
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS mine ON bill_inquiry_history (line_number, inquiry_month);",
    "V9004__ended.sql": "CREATE TABLE ended AS SELECT last_value AS id FROM bill_inquiry_history_id_seq;",
}
WROTE_MEANWHILE = """
SELECT count(DISTINCT split_part(request_id, '-', 2)) FROM bill_inquiry_history, begun, ended
WHERE bill_inquiry_history.id BETWEEN begun.id + 1 AND ended.id AND request_id LIKE 'writer-%'"""


@oldest
def test_two_million_rows_and_four_writers_never_wait_for_a_lock_longer_than_the_lock_timeout(server: Server, name: str) -> None:
    hook = Hook(server)
    newer = {file: None for file in hook.configmap() if file.startswith("V") and file >= OF_THE_FIRST_RELEASE}
    assert newer
    Hook(server, files=newer).apply(name)
    with server.connect(database=name) as connection:
        connection.execute(
            "INSERT INTO bill_inquiry_history (request_id, line_number, inquiry_month, request_time, status)"
            " SELECT 'r' || n, '010' || lpad((n %% 50000)::text, 8, '0'), '2025-06', now()::timestamp - n * '10 s'::interval,"
            " 'COMPLETED'"
            " FROM generate_series(1, %s) AS n",
            [ROWS],
        )
        connection.execute("ANALYZE bill_inquiry_history")
        # The server itself then writes, with log_lock_waits, who waited for longer than a migration may.
        connection.execute(f"ALTER ROLE bill_inquiry_user IN DATABASE {name} SET deadlock_timeout = '3s'".encode())
        with writers(server, name):
            log = Hook(server, {"schema": {"extraMigrations": MINE}}).apply(name)
            assert long_waits(server, name) == []
            with connection.transaction():  # one that is too long is seen
                connection.execute("LOCK TABLE bill_inquiry_history")
                wait_for(lambda: long_waits(server, name), "the server to write of a long wait")
        assert "applied    V9004__ended.sql" in log
        assert connection.execute(WROTE_MEANWHILE).fetchone() == (4,), "each of them, while the index was built"
