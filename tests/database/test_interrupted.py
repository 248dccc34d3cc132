"""Runs that are killed: the client, its session, or the server, at every kind of moment. The next run ends in the same schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from tests.database.catalogue import catalogue

STRIDE = 10
ASLEEP = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event = 'PgSleep' AND datname = '{name}' AND application_name = 'billdb/db-init'"""
# Does something at the :target-th DDL command of a run; a sequence counts on also when the transaction is undone.
TRAP = """
CREATE SCHEMA trap;
CREATE SEQUENCE trap.commands;
CREATE TABLE trap.target (number BIGINT);
CREATE FUNCTION trap.spring() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF nextval('trap.commands') = (SELECT number FROM trap.target) THEN
        PERFORM {action};
    END IF;
END
$$;
CREATE EVENT TRIGGER trap ON ddl_command_end EXECUTE FUNCTION trap.spring();
"""


@contextmanager
def trap(server: Server, name: str, action: str) -> Iterator[Callable[[int], None]]:
    """Make the database with a trap in it; the given function sets it. Afterwards the trap is gone."""
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    with server.connect(database=name) as connection:
        connection.execute(TRAP.format(action=action).encode())

        def at(target: int) -> None:
            connection.execute("SELECT setval('trap.commands', 1, false)")
            connection.execute("DELETE FROM trap.target")
            connection.execute("INSERT INTO trap.target VALUES (%s)", [target])

        yield at
        connection.execute("DROP EVENT TRIGGER trap")
        connection.execute("DROP SCHEMA trap CASCADE")


def applied(connection: psycopg.Connection) -> int:
    """The number of migrations in the ledger; -1 before there is a ledger."""
    if connection.execute("SELECT to_regclass('audit.schema_migration')").fetchone() == (None,):
        return -1
    [count] = connection.execute("SELECT count(*) FROM audit.schema_migration").fetchone() or (0,)
    return int(count)


def test_session_ended_within_migrations_again_and_again(server: Server, name: str, reference: list[str]) -> None:
    hook = Hook(server)
    command, variables = hook.command(), hook.variables(name)
    first = 1 + 2 * (int(server.major) % 5)  # each major version is struck at others
    with trap(server, name, "pg_terminate_backend(pg_backend_pid())") as at, server.connect(database=name) as connection:
        kills, before, target = 0, -2, 0
        while True:
            reached = applied(connection)
            target, before = (first if reached > before else target + STRIDE), reached
            at(target)
            done = server.execute(*command, environment=variables)
            if done.status == 0:
                break
            assert done.status == 2, done.log
            assert "terminating connection due to administrator command" in done.log
            kills += 1
    assert kills >= 10
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


def test_job_killed_within_migrations(server: Server, name: str, reference: list[str]) -> None:
    hook = Hook(server)
    with trap(server, name, "pg_sleep(1)") as at, server.connect(database="postgres") as watcher:
        for target in (3, 10, 40, 75):
            at(target)
            job = hook.start(name)
            until(watcher, ASLEEP.format(name=name), (1,))
            job.get_wrapped_container().kill()
            assert job.get_wrapped_container().wait()["StatusCode"] == 137
            job.stop()
        at(0)
        hook.apply(name)
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


def test_server_killed_in_the_middle_of_a_run(server: Server, name: str, reference: list[str]) -> None:
    hook = Hook(server)
    for mark in ("database   ", "applied    V0002", "applied    V0003"):
        job = hook.start(name)
        for line in job.get_wrapped_container().logs(stream=True, follow=True):
            if line.decode().startswith(mark):
                server.kill()
        assert job.get_wrapped_container().wait()["StatusCode"] in (0, 2), "2: the Job is tried again; 0: it was over by then"
        job.stop()
        server.wait()
    hook.apply(name)
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


@pytest.mark.parametrize(
    ("seconds", "signal", "status", "message"),
    [
        (10, None, 124, "ERROR: not done after 10 s; what ended stays. Raise schema.deadlineSeconds, and run helm upgrade again"),
        (60, "TERM", 2, "told to end before it was done; what ended stays, and the next run goes on from there"),
    ],
    ids=["its deadline", "the kubelet"],
)
def test_run_that_is_ended_says_so_at_once_and_its_session_ends_too(
    server: Server, name: str, seconds: int, signal: str | None, status: int, message: str
) -> None:
    Hook(server).apply(name)
    slow = {"V9001__mine.sql": "CREATE TABLE mine ();", "V9002__slow.sql": "CREATE TABLE slow ();\nSELECT pg_sleep(100);"}
    job = Hook(server, {"schema": {"deadlineSeconds": seconds, "extraMigrations": slow}}).start(name)
    with server.connect(database=name) as watcher:
        until(watcher, ASLEEP.format(name=name), (1,))
        if signal:
            job.get_wrapped_container().kill(signal)
        assert job.get_wrapped_container().wait(timeout=30)["StatusCode"] == status
        assert b"".join(job.get_logs()).decode().rstrip().endswith(message)
        job.stop()
        until(watcher, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'billdb/db-init'", (0,), seconds=10)
        left = watcher.execute("SELECT to_regclass('mine') IS NULL, to_regclass('slow') IS NULL").fetchone()
        assert left == (False, True)


CONCURRENTLY = """-- billdb: concurrently
CREATE INDEX CONCURRENTLY IF NOT EXISTS mine_operator ON customer_info (operator_code);
"""
WAITING = "SELECT count(*) FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'"


def test_index_that_a_killed_run_left_unfinished_is_removed_and_built(server: Server, name: str) -> None:
    Hook(server).apply(name)
    hook = Hook(server, {"schema": {"extraMigrations": {"V9001__mine.sql": CONCURRENTLY}}})
    with server.connect(database=name) as watcher, server.connect(database=name) as old:
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT FROM customer_info")  # the build waits for the end of this transaction
        job = hook.start(name)
        until(watcher, WAITING, (1,))
        job.get_wrapped_container().kill()
        job.stop()
        until(watcher, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'billdb/db-init'", (0,))
        assert watcher.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'mine_operator'::regclass").fetchone() == (
            False,
        )
        old.execute("ROLLBACK")
        log = hook.apply(name)
        assert "removed    the unfinished index public.mine_operator of public.customer_info, left by an interrupted run" in log
        assert watcher.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'mine_operator'::regclass").fetchone() == (
            True,
        )


def test_second_run_that_waits_does_not_keep_a_concurrent_build_from_ending(server: Server, name: str) -> None:
    Hook(server).apply(name)
    later = CONCURRENTLY.replace("CREATE", "SELECT pg_sleep(2);\nCREATE")
    hook = Hook(server, {"schema": {"extraMigrations": {"V9001__mine.sql": later}}})
    jobs = []
    with server.connect(database=name) as watcher:
        for asleep in (1, 2):  # the one before it builds, the other because it waits for the one
            jobs.append(hook.start(name))
            until(watcher, ASLEEP.format(name=name), (asleep,))
    statuses = [job.get_wrapped_container().wait(timeout=60)["StatusCode"] for job in jobs]
    logs = [b"".join(job.get_logs()).decode() for job in jobs]
    for job in jobs:
        job.stop()
    assert statuses == [0, 0], logs
    assert "applied    V9001__mine.sql" in logs[0]
    assert "another run is at work (process " in logs[1]


def until(connection: psycopg.Connection, query: str, answer: tuple[object, ...], seconds: int = 30) -> None:
    """Ask the server until it gives this answer."""
    # In the server: each look is a transaction of its own, and sees what is there then.
    wait = """
        DO $wait$ BEGIN
            FOR attempt IN 1..{seconds} * 20 LOOP
                IF ({query}) = {answer} THEN RETURN; END IF;
                COMMIT;
                PERFORM pg_stat_clear_snapshot(), pg_sleep(0.05);
            END LOOP;
            RAISE 'waited {seconds} s in vain';
        END $wait$"""
    text = wait.format(query=query, answer=answer[0], seconds=seconds)
    connection.execute(text.encode())
