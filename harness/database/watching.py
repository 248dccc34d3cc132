"""Waiting for what a server shows of its sessions: who is at work, who sleeps, who waits for whom."""

import psycopg

from harness.waiting import wait_for

OF_A_RUN = "FROM pg_stat_activity WHERE application_name = 'billdb/db-init'"


def wait_for_count(connection: psycopg.Connection, query: str, count: int) -> None:
    """Ask, a transaction each time, until the query's one number is this. Raises WaitError with the sessions that there are."""

    def asked() -> bool:
        return connection.execute(query.encode()).fetchone() == (count,)

    wait_for(asked, f"{count} as the answer to {query}", seen=lambda: sessions(connection))


def wait_for_sleepers(connection: psycopg.Connection, database: str, count: int = 1) -> None:
    """Wait until this many sessions of runs are in pg_sleep in the database."""
    asleep = f"SELECT count(*) {OF_A_RUN} AND wait_event = 'PgSleep' AND datname = '{database}'"
    wait_for_count(connection, asleep, count)


def wait_for_waiters(connection: psycopg.Connection, holder: int, count: int = 1) -> None:
    """Wait until this many sessions wait for a lock of the session with the process id `holder`."""
    wait_for_count(connection, f"SELECT count(*) FROM pg_stat_activity WHERE {holder} = ANY (pg_blocking_pids(pid))", count)


def wait_for_build(connection: psycopg.Connection) -> None:
    """Wait until somebody's concurrent build of an index waits for older transactions."""
    wait_for_count(connection, "SELECT count(*) FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'", 1)


def wait_until_gone(connection: psycopg.Connection) -> None:
    """Wait until the server has no session of a run."""
    wait_for_count(connection, f"SELECT count(*) {OF_A_RUN}", 0)


def sessions(connection: psycopg.Connection) -> str:
    """A line a client's session: who, where, what it does and what it waits for."""
    shown = "pid, usename, datname, application_name, state, wait_event_type, wait_event, pg_blocking_pids(pid), left(query, 80)"
    found = connection.execute(f"SELECT {shown} FROM pg_stat_activity WHERE backend_type = 'client backend'".encode())
    return "\n".join(str(line) for line in found.fetchall())
