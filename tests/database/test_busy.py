"""Migrations beside a service that works: how long it may be kept waiting, and what happens when a lock is not to be had."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server

COLUMN = {"schema": {"extraMigrations": {"V9001__mine.sql": "ALTER TABLE bill_inquiry_history ADD COLUMN mine BIGINT;"}}}
ROWS = 2_000_000


def test_table_that_stays_busy_fails_the_release_with_the_names_of_those_who_are_busy(server: Server, name: str) -> None:
    Hook(server).apply(name)
    with server.connect("bill_inquiry_user", name, application_name="forgotten") as client:
        client.execute("BEGIN")
        client.execute("SELECT FROM bill_inquiry_history")
        done = Hook(server, COLUMN, environment={"LOCK_TIMEOUT": "100ms", "LOCK_TRIES": "2"}).run(name)
    assert done.status == 3
    assert done.log.count("V9001__mine.sql:1: ERROR:  canceling statement due to lock timeout") == 2
    assert "of bill_inquiry_user (forgotten), idle in transaction, transaction since" in done.log
    assert "the lock was not to be had in 100ms; try 2 of 2 follows in 2 s" in done.log
    assert "ERROR: no lock in 2 tries: end the transactions above, or upgrade at a quieter time" in done.log


def test_table_that_is_busy_for_a_moment_delays_the_migration_only(server: Server, name: str) -> None:
    Hook(server).apply(name)
    hook = Hook(server, COLUMN, environment={"LOCK_TIMEOUT": "100ms"})
    with server.connect("bill_inquiry_user", name) as client:
        client.execute("BEGIN")
        client.execute("SELECT FROM bill_inquiry_history")
        job = hook.start(name)
        log = ""
        for line in job.get_wrapped_container().logs(stream=True, follow=True):
            log += line.decode()
            if "the lock was not to be had" in line.decode():
                client.execute("COMMIT")
    status = job.get_wrapped_container().wait()["StatusCode"]
    job.stop()
    assert status == 0, log
    assert "ERROR:  canceling statement due to lock timeout" in log
    assert "applied    V9001__mine.sql" in log


def test_statement_that_may_block_keeps_its_lock_timeout_outside_a_transaction_too(server: Server, name: str) -> None:
    Hook(server).apply(name)
    mine = "-- billdb: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS mine ON customer_info (operator_code);\n" + (
        "ALTER TABLE bill_inquiry_history ADD COLUMN IF NOT EXISTS mine BIGINT;"
    )
    hook = Hook(
        server,
        {"schema": {"deadlineSeconds": 30, "extraMigrations": {"V9001__mine.sql": mine}}},
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
    """A client that inserts and updates as the service does, and remembers the longest it had to wait, in seconds."""

    def __init__(self, connection: psycopg.Connection, number: int) -> None:
        super().__init__()
        self.connection, self.number = connection, number
        self.longest, self.written, self.over = 0.0, 0, threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            begun = time.monotonic()
            key = f"writer-{self.number}-{self.written}"
            self.connection.execute(
                "INSERT INTO bill_inquiry_history (request_id, line_number) VALUES (%s, '01012345678')", [key]
            )
            self.connection.execute("UPDATE bill_inquiry_history SET status = 'COMPLETED' WHERE request_id = %s", [key])
            self.longest = max(self.longest, time.monotonic() - begun)
            self.written += 1


@contextmanager
def writers(server: Server, name: str) -> Iterator[list[Writer]]:
    started = [Writer(server.connect("bill_inquiry_user", name), number) for number in range(4)]
    for writer in started:
        writer.start()
    yield started
    for writer in started:
        writer.over.set()
        writer.join()
        writer.connection.close()


@pytest.mark.parametrize("server", ["14"], indirect=True)
def test_two_million_rows_and_four_writers_are_never_blocked_for_longer_than_the_lock_timeout(server: Server, name: str) -> None:
    hook = Hook(server)
    newer = {file: None for file in hook.configmap() if file.startswith("V") and file > "V0006"}
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
    mine = {
        "V9001__mine.sql": "ALTER TABLE bill_inquiry_history ADD COLUMN mine BIGINT DEFAULT 0;",
        "V9002__mine.sql": "-- billdb: concurrently\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS mine ON bill_inquiry_history (line_number, inquiry_month);",
    }
    with writers(server, name) as clients:
        log = Hook(server, {"schema": {"extraMigrations": mine}}).apply(name)
    assert "applied    V9002__mine.sql" in log
    assert min(writer.written for writer in clients) > 10
    assert max(writer.longest for writer in clients) < 3 + 2, "lock_timeout, and a loaded machine's two seconds"
