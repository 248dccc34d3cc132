"""Runs that are killed: the client, its session, or the server, at every kind of moment. The next run ends in the same schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.watching import wait_for_build, wait_for_sleepers, wait_until_gone
from tests.database.catalogue import catalogue
from tests.database.versions import oldest, oldest_and_newest

STRIDE = 10
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


@oldest_and_newest
def test_job_killed_within_migrations(server: Server, name: str, reference: list[str]) -> None:
    hook = Hook(server)
    with trap(server, name, "pg_sleep(600)") as at, server.connect(database="postgres") as watcher:
        for target in (3, 10, 40, 75):
            at(target)
            job = hook.start(name)
            wait_for_sleepers(watcher, name)
            job.kill()
            assert job.end().status == 137
            wait_until_gone(watcher)
        at(0)
        hook.apply(name)
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


@oldest_and_newest
def test_server_killed_in_the_middle_of_a_run(server: Server, name: str, reference: list[str]) -> None:
    hook = Hook(server)
    for mark in ("database   ", "applied    V0002", "applied    V0003"):
        job = hook.start(name)
        for line in job.lines():
            if line.startswith(mark):
                server.kill()
        assert job.end().status in (0, 2), "2: the Job is tried again; 0: it was over by then"
        server.wait()
    hook.apply(name)
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


SLOW = {"V9001__mine.sql": "CREATE TABLE mine ();", "V9002__slow.sql": "CREATE TABLE slow ();\nSELECT pg_sleep(600);"}
LEFT = "SELECT to_regclass('mine') IS NULL, to_regclass('slow') IS NULL"


@oldest_and_newest
def test_run_that_the_kubelet_ends_says_so_and_its_session_ends_too(server: Server, name: str, migrated: None) -> None:
    job = Hook(server, {"schema": {"extraMigrations": SLOW}}).start(name)
    with server.connect(database=name) as watcher:
        wait_for_sleepers(watcher, name)
        job.kill("TERM")
        done = job.end()
        wait_until_gone(watcher)
        assert watcher.execute(LEFT).fetchone() == (False, True)
    assert done.status == 2, "of its own trap: a run that slept on would end with 137, or not at all"
    assert done.log.rstrip().endswith("told to end before it was done; what ended stays, and the next run goes on from there")


@oldest  # timeout and bash, which are the same beside every server
def test_run_that_reaches_its_deadline_says_so_and_its_session_ends_too(server: Server, name: str, migrated: None) -> None:
    done = Hook(server, {"schema": {"deadlineSeconds": 10, "extraMigrations": SLOW}}).run(name)
    with server.connect(database=name) as watcher:
        wait_until_gone(watcher)
        assert watcher.execute("SELECT to_regclass('slow') IS NULL").fetchone() == (True,)
    assert done.status == 124
    assert done.log.rstrip().endswith(
        "ERROR: not done after 10 s; what ended stays. Raise schema.deadlineSeconds, and run helm upgrade again"
    )


CONCURRENTLY = """-- billdb: concurrently
CREATE INDEX CONCURRENTLY IF NOT EXISTS mine_operator ON customer_info (operator_code);
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'mine_operator'::regclass"


@oldest_and_newest
def test_index_that_a_killed_run_left_unfinished_is_removed_and_built(server: Server, name: str, migrated: None) -> None:
    hook = Hook(server, {"schema": {"extraMigrations": {"V9001__mine.sql": CONCURRENTLY}}})
    with server.connect(database=name) as watcher, server.connect(database=name) as old:
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT FROM customer_info")  # the build waits for the end of this transaction
        job = hook.start(name)
        wait_for_build(watcher)
        job.kill()
        job.end()
        wait_until_gone(watcher)
        assert watcher.execute(VALID).fetchone() == (False,)
        old.execute("ROLLBACK")
        log = hook.apply(name)
        assert "removed    the unfinished index public.mine_operator of public.customer_info, left by an interrupted run" in log
        assert watcher.execute(VALID).fetchone() == (True,)


@oldest_and_newest
def test_second_run_that_waits_does_not_keep_a_concurrent_build_from_ending(server: Server, name: str, migrated: None) -> None:
    hook = Hook(server, {"schema": {"extraMigrations": {"V9001__mine.sql": CONCURRENTLY}}})
    with server.connect(database=name) as watcher, server.connect(database=name) as old:
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT FROM customer_info")  # the build waits for the end of this transaction
        first = hook.start(name)
        wait_for_build(watcher)
        second = hook.start(name)
        wait_for_sleepers(watcher, name)  # in lock.sql
        old.execute("ROLLBACK")
        done = [first.end(), second.end()]
    assert [run.status for run in done] == [0, 0], done
    assert "applied    V9001__mine.sql" in done[0].log
    assert "another run is at work (process " in done[1].log
