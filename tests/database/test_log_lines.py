"""Each line that docs/operations.md explains, from a real server with the chart's settings."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psycopg
import pytest

from harness import paths
from harness.database.servers import SHARED, Server
from harness.waiting import wait_for_words

OVER_THE_NETWORK = ("no pg_hba.conf entry", "pg_hba.conf rejects")  # tests/cluster/test_operations_document.py
ROW = re.compile(r"^\| `((?:LOG|ERROR|FATAL):  [^`]+)` \|", re.MULTILINE)
LINES = ROW.findall((paths.ROOT / "docs" / "operations.md").read_text())
MADE: dict[str, Callable[[Server], None]] = {}  # by the words that a documented line begins with


def makes(*lines: str) -> Callable[[Callable[[Server], None]], Callable[[Server], None]]:
    def remember(make: Callable[[Server], None]) -> Callable[[Server], None]:
        MADE.update(dict.fromkeys(lines, make))
        return make

    return remember


def fails(server: Server, *statements: str) -> None:
    with suppress(psycopg.Error), server.connect(database="postgres") as client:
        for statement in statements:
            client.execute(statement.encode())


@makes("LOG:  connection authorized", "LOG:  disconnection")
def logs_in(server: Server) -> None:
    server.connect(database="postgres").close()


@makes("FATAL:  password authentication failed")
def fails_to_log_in(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError):
        server.connect("bill_inquiry_user", "postgres", password="wrong")


@makes("FATAL:  sorry, too many clients")
def fills_it_up(server: Server) -> None:
    with ExitStack() as stack, suppress(psycopg.OperationalError):
        for _ in range(101):
            stack.enter_context(server.connect(database="postgres"))


@makes("ERROR:  deadlock detected")
def deadlocks(server: Server) -> None:
    fails(server, "DROP TABLE IF EXISTS deadlocked", "CREATE TABLE deadlocked AS SELECT generate_series(1, 2) AS id")
    take = "SELECT FROM deadlocked WHERE id = %s FOR UPDATE"
    with (
        server.connect(database="postgres") as one,
        server.connect(database="postgres") as other,
        ThreadPoolExecutor() as threads,
    ):
        for client, row in ((one, 1), (other, 2)):
            client.execute("BEGIN")
            client.execute(take, [row])
        both = [threads.submit(client.execute, take, [row]) for client, row in ((one, 2), (other, 1))]
        assert [type(one.exception()) for one in both].count(psycopg.errors.DeadlockDetected) == 1


@makes("LOG:  process … still waiting", "LOG:  process … acquired")
def waits_for_a_lock(server: Server) -> None:
    fails(server, "CREATE TABLE IF NOT EXISTS locked (id INT)")
    before = len(server.log())
    with ThreadPoolExecutor() as threads, server.connect(database="postgres") as holder:
        with holder.transaction():
            holder.execute("LOCK TABLE locked")
            waiter = threads.submit(fails, server, "SELECT count(*) FROM locked")
            wait_for_words(lambda: server.log()[before:], "still waiting for")
        waiter.result()


@makes("ERROR:  canceling statement due to lock timeout")
def gives_up_a_lock(server: Server) -> None:
    fails(server, "CREATE TABLE IF NOT EXISTS locked (id INT)")
    with server.connect(database="postgres") as holder, holder.transaction():
        holder.execute("LOCK TABLE locked")
        fails(server, "SET lock_timeout = 1", "SELECT count(*) FROM locked")


@makes("ERROR:  canceling statement due to statement timeout")
def takes_too_long(server: Server) -> None:
    fails(server, "SET statement_timeout = 1", "SELECT pg_sleep(60)")


@makes("ERROR:  duplicate key")
def writes_twice(server: Server) -> None:
    fails(server, "CREATE TEMP TABLE twice (id INT PRIMARY KEY)", "INSERT INTO twice VALUES (1), (1)")


@makes("LOG:  duration")
def is_slow(server: Server) -> None:
    """The chart's limit, which these servers' own settings hide."""
    with server.connect(database="postgres") as client:
        for setting in ("log_statement = none", "log_duration = off", "log_min_duration_statement = '1000ms'"):
            client.execute(f"SET {setting}".encode())
        client.execute("SELECT 'quick', pg_sleep(0.1)")
        client.execute("SELECT 'slow', pg_sleep(1.1), %s::text", ["010-1234-5678"])
    assert "'quick'" not in server.log()
    assert "SELECT 'slow', pg_sleep(1.1), $1::text" in server.log()
    assert "010-1234-5678" not in server.log()


@makes("LOG:  temporary file")
def spills(server: Server) -> None:
    fails(
        server,
        "SET work_mem = '64kB'",
        "SELECT x FROM generate_series(1, 1000000) AS x ORDER BY -x LIMIT 1 OFFSET 999999",
    )


@makes("LOG:  checkpoint complete")
def checkpoints(server: Server) -> None:
    fails(server, "CHECKPOINT")


@makes("LOG:  automatic vacuum")
def vacuums(server: Server) -> None:
    """Any duration of this one table, for its vacuum takes no minute."""
    fails(
        server,
        "ALTER SYSTEM SET autovacuum_naptime = '1s'", "SELECT pg_reload_conf()", "DROP TABLE IF EXISTS vacuumed",
        "CREATE TABLE vacuumed (id INT) WITH (log_autovacuum_min_duration = 0, autovacuum_vacuum_threshold = 1,"
        " autovacuum_vacuum_scale_factor = 0)",
        "INSERT INTO vacuumed SELECT generate_series(1, 100)", "DELETE FROM vacuumed",
    )  # fmt: skip


@makes("FATAL:  terminating connection due to idle-in-transaction")
def is_left_open(server: Server) -> None:
    with server.connect(database="postgres") as client, suppress(psycopg.Error):
        client.execute("SET idle_in_transaction_session_timeout = 1")
        client.execute("BEGIN")
        next(client.notifies())  # until it is ended


@makes("FATAL:  terminating connection due to administrator")
def is_ended(server: Server) -> None:
    fails(server, "SELECT pg_terminate_backend(pg_backend_pid())")


@makes("LOG:  … (PID …)", "LOG:  database system was not properly", "LOG:  redo done", "LOG:  database system is ready")
def crashes(server: Server) -> None:
    with server.connect(database="postgres") as client, suppress(psycopg.Error):
        client.execute("CREATE TABLE IF NOT EXISTS crashed (id INT)")
        client.execute("INSERT INTO crashed VALUES (1)")
        server.execute("bash", "-c", f"kill -9 {client.info.backend_pid}")
        next(client.notifies())


@makes("LOG:  received fast shutdown", "LOG:  database system is shut down")
def is_stopped(server: Server) -> None:
    server.execute("bash", "-c", f"kill -INT $(< {SHARED}/server.pid)")


def test_every_line_that_is_explained_is_made_here_or_on_the_cluster() -> None:
    here = {begin: [line for line in LINES if line.startswith(begin)] for begin in MADE}
    assert all(len(lines) == 1 for lines in here.values()), here
    others = set(LINES) - {lines[0] for lines in here.values()}
    assert sorted(words for line in others for words in OVER_THE_NETWORK if words in line) == sorted(OVER_THE_NETWORK)
    assert len(others) == len(OVER_THE_NETWORK)


@pytest.mark.parametrize("begin", MADE)
def test_a_line_reads_as_it_is_explained(server: Server, begin: str) -> None:
    [line] = [line for line in LINES if line.startswith(begin)]
    before = len(server.log())
    MADE[begin](server)
    words = re.compile(".*".join(map(re.escape, line.split("…"))))

    def found() -> str:
        """The words of the document, once the log has a line of that form."""
        return line if words.search(server.log()[before:]) else server.log()[before:][-3000:]

    wait_for_words(found, line)
    server.wait()
