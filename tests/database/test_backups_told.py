"""What helm test tells of the backups, from what their runs left in audit.backup_run."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from harness.database.backups import Backups
from harness.database.servers import Run, Server
from tests.database.versions import oldest_and_newest

pytestmark = oldest_and_newest

LEFT = """
INSERT INTO audit.backup_run
    (kind, started_at, finished_at, succeeded, backup, bytes, added_bytes, message, release, chart_version)
SELECT kind, now() - hours * interval '1 hour' - interval '41 s', now() - hours * interval '1 hour', message IS NULL,
    CASE WHEN message IS NULL THEN '4bba301e' END, 512 * 1024 ^ 2, 14 * 1024 ^ 2, message, 'billdb', '0.4.0'
FROM (VALUES (%s, %s, %s::TEXT)) AS run (kind, hours, message)
"""
SUSPENDED = {"backup": {"suspend": True}}
SNAPSHOTS = {"snapshots": {"class": "incremental"}}
NOW = "kubectl create job -n phonebill-dev --from=cronjob/bill-inquiry-backup backup-$(date +%s)"


@pytest.fixture
def connection(server: Server, name: str, migrated: None) -> Iterator[psycopg.Connection]:
    with server.connect(database=name) as connection:
        yield connection


@pytest.fixture
def told(server: Server, name: str) -> Callable[[], Run]:
    """Run the pod of helm test, where snapshots are made too."""
    return lambda: Backups(server, SNAPSHOTS).run("bill-inquiry-backup-test", name)


def leave(connection: psycopg.Connection, kind: str, hours: int, message: str | None = None) -> None:
    """A run that ended so many hours ago, and what failed."""
    connection.execute(LEFT, (kind, hours, message))


def test_a_release_without_a_backup_is_told_when_the_first_comes_and_how_to_make_one(
    told: Callable[[], Run], migrated: None
) -> None:
    done = told()
    assert f"no backup yet: the first comes at 0 2 * * * (Asia/Seoul); make one now: {NOW}\n" in done.log
    assert done.status == 0, done.log


def test_the_last_good_backup_is_told_with_its_age_size_and_duration(
    connection: psycopg.Connection, told: Callable[[], Run]
) -> None:
    leave(connection, "backup", 50, "the store was away")
    leave(connection, "backup", 26)
    leave(connection, "check", 3)
    done = told()
    [last, check] = [line for line in done.log.splitlines() if line.startswith("last")]
    assert last.startswith("last good backup: 4bba301e of 20")
    assert last.endswith(" KST, 1 day 02:00:00 ago; 512 MB in 00:00:41, 14 MB of it new")
    assert (check.startswith("last check: good, 20"), check.endswith(" KST, 03:00:00 ago")) == (True, True)
    assert ("no backup yet" in done.log, done.status) == (False, 0), done.log


@pytest.mark.parametrize("kind", ["backup", "check", "drill", "snapshot", "snapshot-drill"])
def test_a_run_by_schedule_that_failed_fails_the_test_until_a_good_one_of_its_kind(
    connection: psycopg.Connection, told: Callable[[], Run], kind: str
) -> None:
    leave(connection, "backup", 30)
    leave(connection, kind, 2, 'it\'s 3 % done: "so"')
    leave(connection, "check" if kind == "backup" else "backup", 1)
    done = told()
    assert "last good backup: 4bba301e of" in done.log
    assert f'ERROR:  the last {kind} failed: it\'s 3 % done: "so"\n' in done.log
    assert done.status == 3
    leave(connection, kind, 0)
    assert told().status == 0


@pytest.mark.parametrize("kind", ["restore", "move"])
def test_what_a_person_began_and_saw_fail_fails_no_test(
    connection: psycopg.Connection, told: Callable[[], Run], kind: str
) -> None:
    leave(connection, kind, 2, "no such backup")
    done = told()
    assert f"last {kind}: FAILED, 20" in done.log
    assert done.log.count(" ago; no such backup\n") == 1
    assert done.status == 0


def test_backups_that_have_ceased_to_come_fail_the_test_unless_they_are_suspended(
    server: Server, name: str, connection: psycopg.Connection, told: Callable[[], Run]
) -> None:
    leave(connection, "backup", 80)
    done = told()
    assert (done.status, "ERROR:  the last good backup is of 20" in done.log) == (3, True), done.log
    leave(connection, "check", 1, "the repository is damaged")
    suspended = Backups(server, SUSPENDED).run("bill-inquiry-backup-test", name)
    assert suspended.status == 0, suspended.log
    leave(connection, "backup", 70)
    leave(connection, "check", 0)
    assert told().status == 0
