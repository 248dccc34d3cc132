"""The advisory lock of schema runs: any role can take it, and none but a superuser and the owner keeps a run from it."""

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from tests.database.test_interrupted import until

TAKE = "SELECT pg_advisory_lock(hashtext('billdb schema'))"
ENDED = "of bill_readonly_user held the advisory lock of schema runs, which is not for that role: its session was ended"


@pytest.mark.parametrize("elsewhere", [None, "postgres"])
def test_role_that_holds_the_lock_loses_its_session_and_the_run_goes_on(server: Server, name: str, elsewhere: str | None) -> None:
    Hook(server).apply(name)
    role = "bill_monitoring_user" if elsewhere else "bill_readonly_user"
    with server.connect(role, elsewhere or name) as holder, server.connect(role, elsewhere or name) as sharer:
        for connection in (holder, sharer):
            connection.execute(TAKE.replace("lock(", "lock_shared(").encode())
        log = Hook(server, environment={"DEADLINE_SECONDS": "30"}).apply(name)
        assert log.count(ENDED.replace("bill_readonly_user", role)) == 2
        for connection in (holder, sharer):
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")


def test_role_that_takes_the_lock_between_two_sessions_of_a_run_has_it_begin_again(server: Server, name: str) -> None:
    Hook(server).apply(name)
    scripts = Hook(server).configmap()
    slow = {
        "strangers.sql": scripts["strangers.sql"] + "SELECT pg_sleep(1) IS NULL AS slept \\gset\n",
        "lock.sql": "SELECT pg_sleep((current_user = 'bill_inquiry_owner')::int) IS NULL AS slept \\gset\n" + scripts["lock.sql"],
        "V9001__mine.sql": "CREATE TABLE mine ();",
    }
    job = Hook(server, files=slow).start(name)
    with server.connect(database=name) as watcher, server.connect("bill_readonly_user", name) as thief:
        until(watcher, f"SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = '{name}'"
              " AND locktype = 'advisory' AND granted", (1,))  # fmt: skip
        thief.pgconn.send_query(TAKE.encode())
        assert job.get_wrapped_container().wait(timeout=60)["StatusCode"] == 0
        thief.close()
    log = b"".join(job.get_logs()).decode()
    job.stop()
    assert "of bill_readonly_user holds the advisory lock of schema runs" in log, "the owner's session stops"
    assert ENDED in log, "and the superuser's ends the holder"
    assert "applied    V9001__mine.sql" in log


def test_lock_that_another_database_or_key_has_is_no_lock_of_runs(server: Server, name: str) -> None:
    Hook(server).apply(name)
    with server.connect("bill_readonly_user", name) as other:
        other.execute("SELECT pg_advisory_lock(0, hashtext('billdb schema'))")
        Hook(server).apply(name)
        other.execute("SELECT 1")
