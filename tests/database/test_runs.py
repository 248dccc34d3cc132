"""The schema Job's script: run once, again, at the same time, and in the container that the Job gives it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.watching import wait_for_sleepers
from tests.database.catalogue import catalogue
from tests.database.versions import oldest, oldest_and_newest


def test_first_run_applies_every_migration_and_the_second_changes_nothing(server: Server, name: str) -> None:
    first = Hook(server).apply(name)
    assert first.count("\napplied    V") >= 5
    with server.connect(database=name) as connection:
        before = catalogue(connection)
        history = connection.execute("SELECT count(*) FROM audit.ddl_history").fetchone()
        second = Hook(server).apply(name)
        for word in ("applied ", "privilege ", "owner ", "created"):
            assert word not in second, second
        assert catalogue(connection) == before
        assert connection.execute("SELECT count(*) FROM audit.ddl_history").fetchone() == history
        assert connection.execute("SELECT count(*) FROM audit.system_config_history").fetchone() == (13,)


@oldest_and_newest
def test_four_runs_at_once_end_as_one(server: Server, name: str, reference: list[str]) -> None:
    with server.connect(database="postgres") as starter, ThreadPoolExecutor(4) as pool:
        starter.execute("SELECT pg_advisory_lock(hashtext('billdb schema'))")
        logs = [pool.submit(Hook(server).apply, name) for _ in range(4)]
        wait_for_sleepers(starter, "postgres", 4)  # all of them in lock.sql
        starter.execute("SELECT pg_advisory_unlock(hashtext('billdb schema'))")
        done = [log.result() for log in logs]
    assert ["another run is at work (process " in log for log in done] == [True] * 4
    applied = sorted(line.split()[1] for log in done for line in log.splitlines() if line.startswith("applied "))
    assert applied == sorted(file for file in Hook(server).configmap() if file.startswith("V")), "each by one of them"
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


@oldest_and_newest
def test_job_runs_in_64_mebibytes_with_a_read_only_root_and_no_capability(server: Server, name: str) -> None:
    done = Hook(server).start(name).end()
    assert done.status == 0, done.log
    assert done.log.rstrip().endswith(f"the schema of {name} is ready")


@oldest_and_newest
def test_log_reads_like_a_report(server: Server, name: str) -> None:
    lines = [line.split(maxsplit=1)[0] for line in Hook(server).apply(name).splitlines()]
    sections = list(dict.fromkeys(word for word in lines if ":" not in word))
    assert sections == ["database", "passwords", "privilege", "applied", "owner", "migrations", "table"]


LEFT_BEHIND = r"""
SET search_path = audit;
SET lock_timeout = 0;
SET TimeZone = 'UTC';
\set ON_ERROR_STOP off
"""
FOUND = """
CREATE TABLE found AS
SELECT session_user, current_setting('search_path') AS path, current_setting('lock_timeout') AS wait,
    current_setting('TimeZone') AS zone;
"""


SUPERUSER = "-- billdb: superuser\nSET SESSION AUTHORIZATION bill_readonly_user;\n"
HEADERS = {
    "as the owner": "",
    "as the owner, outside a transaction": "-- billdb: no-transaction\n",
    "as superuser": SUPERUSER,
    "as superuser, outside a transaction": f"-- billdb: no-transaction\n{SUPERUSER}",
}


@oldest_and_newest
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_what_a_migration_sets_for_its_session_ends_with_it(server: Server, name: str, header: str) -> None:
    mine = {"V9001__sets.sql": header + LEFT_BEHIND, "V9002__finds.sql": FOUND}
    Hook(server, {"schema": {"extraMigrations": mine}}).apply(name)
    with server.connect(database=name) as connection:
        assert connection.execute("SELECT * FROM public.found").fetchall() == [
            ("bill_inquiry_owner", "public", "3s", "Asia/Seoul")
        ]
    mine["V9003__sets.sql"], mine["V9004__fails.sql"] = header + LEFT_BEHIND, "SELECT 1 / 0;"
    assert Hook(server, {"schema": {"extraMigrations": mine}}).run(name).status == 3


@oldest_and_newest
def test_operators_change_of_a_setting_survives_every_later_run(server: Server, name: str) -> None:
    Hook(server).apply(name)
    with server.connect(database=name) as connection:
        connection.execute("UPDATE system_config SET config_value = '6' WHERE config_key = 'bill.cache.ttl.hours'")
        connection.execute("DELETE FROM system_config WHERE config_key = 'kos.retry.delay.ms'")
        Hook(server).apply(name)
        found: dict[str, str] = dict(connection.execute("SELECT config_key, config_value FROM system_config").fetchall())
    assert found["bill.cache.ttl.hours"] == "6"
    assert "kos.retry.delay.ms" not in found


@oldest_and_newest
def test_superuser_with_a_password_does_as_well_as_the_hooks_own_role(server: Server, name: str, reference: list[str]) -> None:
    Hook(server, environment={"PGUSER": "postgres"}).apply(name)
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


@oldest
def test_server_that_does_not_come_is_waited_for_a_bounded_time_and_named(server: Server) -> None:
    done = Hook(server, environment={"PGHOST": "/nowhere", "WAIT_SECONDS": "1"}).run()
    assert done.status == 2
    assert "ERROR: no connection to /nowhere:5432 after 1 s; look at the server's log" in done.log


@oldest
def test_server_of_another_version_than_the_one_that_is_to_come_is_waited_for_and_told_of(server: Server) -> None:
    done = Hook(server, environment={"SERVER_MAJOR": "99", "WAIT_SECONDS": "1"}).run()
    assert done.status == 2
    assert f"waiting for PostgreSQL 99 in the server: {server.major}." in done.log
    assert "ERROR: no connection to PostgreSQL 99 at " in done.log
    Hook(server, environment={"SERVER_MAJOR": str(server.major)}).apply()
