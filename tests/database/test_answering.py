"""The probe that makes a connection only in doubt. These servers listen nowhere: where it asks, nobody answers."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest

from harness.database.servers import SHARED, Run, Server

ENVIRONMENT = {"PGDATA": "/bitnami/postgresql/data", "PGPORT": "5432"}
ASKED = Run(2, "127.0.0.1:5432 - no response\n")
QUIET = Run(0, "")
STOP_THE_RECOVERY = """
kill -9 $1
for _ in {1..2000}; do
  for process in /proc/[0-9]*; do
    { read -rd '' title < $process/cmdline; } 2> /dev/null && [[ $title == 'postgres: startup'* ]] || continue
    kill -STOP ${process#/proc/} && echo ${process#/proc/} && exit
  done
done
exit 1
"""
# One process that does not end at once keeps the others' crash from being recovered from; the probe is asked meanwhile.
HOLD_THE_CRASH_UP = """
kill -STOP $1
kill -9 $2
checkpointer() { grep -qsz '^postgres: \\(.*: \\)\\?checkpointer' /proc/[0-9]*/cmdline; }
while checkpointer; do :; done
[[ -e /proc/$1 ]] && bash /etc/postgresql/answering.sh
"""
# A process that is named as the server's, and sleeps longer than any postmaster does.
STUCK = """
mkdir -p /tmp/stuck
ln -sf "$(type -P sleep)" /tmp/postgres
/tmp/postgres 600 > /dev/null 2>&1 &
printf '%s\\n' $! data 1 5432 run '' '' "$1" > /tmp/stuck/postmaster.pid
until [[ $(< /proc/$!/stat) == "$! (postgres) S "* ]]; do :; done
"""

# What is known since now, is known since that many seconds.
AGO = 'read -r id woken since < /tmp/postmaster-woken; echo "$id $woken $((since - $1))" > /tmp/postmaster-woken'


def probe(server: Server, **environment: str) -> Run:
    return server.execute("bash", "/etc/postgresql/answering.sh", environment=ENVIRONMENT | environment)


def script(server: Server, text: str, *arguments: str) -> Run:
    return server.execute("bash", "-c", text, "bash", *arguments)


def received(server: Server) -> int:
    return server.log().count("connection received")


def test_a_server_that_is_well_is_not_asked_and_its_log_has_no_line_of_it(server: Server) -> None:
    before = received(server)
    assert [probe(server) for _ in range(5)] == [QUIET] * 5
    assert received(server) == before
    server.execute("pg_isready", "--host=/var/run/postgresql")
    assert received(server) == before + 1


def test_a_frozen_server_is_asked(server: Server) -> None:
    script(server, f"kill -STOP $(< {SHARED}/server.pid)")
    try:
        assert probe(server) == ASKED
    finally:
        script(server, f"kill -CONT $(< {SHARED}/server.pid)")
    assert probe(server) == QUIET


def test_a_server_that_recovers_from_a_crash_is_asked_though_it_says_that_it_is_ready(server: Server) -> None:
    for _ in range(20):  # a recovery may be over before it is seen
        server.wait()
        victim = server.connect(database="postgres")
        stopped = script(server, STOP_THE_RECOVERY, str(victim.info.backend_pid))
        if stopped.status == 0:
            break
    try:
        assert stopped.status == 0
        assert "ready" in server.execute("cat", f"{ENVIRONMENT['PGDATA']}/postmaster.pid").log
        with pytest.raises(psycopg.OperationalError, match=r"the database system is (starting|in recovery|not yet)"):
            server.connect(database="postgres")
        assert probe(server) == ASKED
    finally:
        script(server, f"kill -CONT {stopped.log}")
        with suppress(psycopg.OperationalError):
            victim.close()
    server.wait()
    assert probe(server) == QUIET


def test_a_server_whose_crash_is_held_up_is_asked(server: Server) -> None:
    held, victim = server.connect(database="postgres"), server.connect(database="postgres")
    processes = (str(held.info.backend_pid), str(victim.info.backend_pid))
    asked = server.execute("bash", "-c", HOLD_THE_CRASH_UP, "bash", *processes, environment=ENVIRONMENT)
    for connection in (held, victim):
        with suppress(psycopg.OperationalError):
            connection.close()
    server.wait()
    assert asked == ASKED
    assert probe(server) == QUIET


def test_a_server_is_asked_where_nothing_can_be_written_down(server: Server) -> None:
    script(server, "rm -f /tmp/postmaster-woken; mkdir /tmp/postmaster-woken")
    try:
        assert probe(server) == ASKED
    finally:
        script(server, "rmdir /tmp/postmaster-woken")
    assert probe(server) == QUIET


@pytest.fixture
def stuck(server: Server) -> Iterator[Callable[[str], Run]]:
    """Ask about a postmaster that says this of itself."""

    def ask(state: str) -> Run:
        script(server, STUCK, state)
        return probe(server, PGDATA="/tmp/stuck")

    yield ask
    script(server, "kill $(head -1 /tmp/stuck/postmaster.pid); rm -rf /tmp/stuck /tmp/postgres /tmp/postmaster-woken")


def test_a_server_that_does_not_wake_is_asked_once_it_always_would_have(server: Server, stuck: Callable[[str], Run]) -> None:
    assert stuck("ready   ") == QUIET
    script(server, AGO, "70")
    assert probe(server, PGDATA="/tmp/stuck") == QUIET
    script(server, AGO, "91")
    assert probe(server, PGDATA="/tmp/stuck") == ASKED


@pytest.mark.parametrize("state", ["starting", "stopping", "standby ", ""])
def test_a_server_that_does_not_say_it_is_ready_is_asked(stuck: Callable[[str], Run], state: str) -> None:
    assert stuck(state) == ASKED


def test_a_server_that_is_gone_is_asked(server: Server) -> None:
    assert probe(server, PGDATA="/tmp/nowhere") == ASKED


def test_a_probe_starts_no_process_that_could_become_the_postmasters_child(server: Server) -> None:
    """Which would take its failure for a crash of one of its own, and end every session."""
    alone = "ulimit -u 1; exec bash "
    assert "fork" in server.execute("bash", "-c", f"{alone} -c ': $(date)'").log
    assert server.execute("bash", "-c", f"{alone} /etc/postgresql/answering.sh", environment=ENVIRONMENT) == QUIET
    gone = ENVIRONMENT | {"PGDATA": "/tmp/nowhere"}
    assert server.execute("bash", "-c", f"{alone} /etc/postgresql/answering.sh", environment=gone) == ASKED
