"""The advisory lock of schema runs: any role can take it, and none but a superuser and the owner keeps a run from it."""

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.watching import wait_for_count, wait_for_waiters
from tests.database.versions import oldest_and_newest

pytestmark = oldest_and_newest

TAKE = "SELECT pg_advisory_lock(hashtext('billdb schema'))"
ENDED = "of bill_readonly_user held the advisory lock of schema runs, which is not for that role: its session was ended"


@pytest.mark.parametrize("elsewhere", [None, "postgres"])
def test_role_that_holds_the_lock_loses_its_session_and_the_run_goes_on(
    server: Server, name: str, migrated: None, elsewhere: str | None
) -> None:
    role = "bill_monitoring_user" if elsewhere else "bill_readonly_user"
    with server.connect(role, elsewhere or name) as holder, server.connect(role, elsewhere or name) as sharer:
        for connection in (holder, sharer):
            connection.execute(TAKE.replace("lock(", "lock_shared(").encode())
        log = Hook(server).apply(name)
        assert log.count(ENDED.replace("bill_readonly_user", role)) == 2
        for connection in (holder, sharer):
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")


BARRIER = "SELECT pg_advisory_lock_shared(1, 1) IS NULL AS passed \\gset\n"  # not the key of runs
QUEUED = "SELECT count(*) FROM pg_locks WHERE pid = {pid} AND locktype = 'advisory' AND NOT granted"


def test_role_that_takes_the_lock_between_two_sessions_of_a_run_has_it_begin_again(
    server: Server, name: str, migrated: None
) -> None:
    scripts = Hook(server).configmap()
    stopping = {"strangers.sql": scripts["strangers.sql"] + BARRIER, "V9001__mine.sql": "CREATE TABLE mine ();"}
    with server.connect(database=name) as barrier, server.connect("bill_readonly_user", name) as thief:
        barrier.execute("SELECT pg_advisory_lock(1, 1)")
        job = Hook(server, files=stopping).start(name)
        wait_for_waiters(barrier, barrier.info.backend_pid)  # the superuser's session of the run, which has the lock
        thief.pgconn.send_query(TAKE.encode())
        wait_for_count(barrier, QUEUED.format(pid=thief.info.backend_pid), 1)
        barrier.execute("SELECT pg_advisory_unlock(1, 1)")  # when that session ends, the lock is the thief's
        done = job.end()
        thief.close()
    assert done.status == 0, done.log
    assert "of bill_readonly_user holds the advisory lock of schema runs" in done.log, "the owner's session stops"
    assert ENDED in done.log, "and the superuser's ends the holder"
    assert "applied    V9001__mine.sql" in done.log


def test_lock_that_another_database_or_key_has_is_no_lock_of_runs(server: Server, name: str, migrated: None) -> None:
    with server.connect("bill_readonly_user", name) as other:
        other.execute("SELECT pg_advisory_lock(0, hashtext('billdb schema'))")
        Hook(server).apply(name)
        other.execute("SELECT 1")
