"""Deleting old history and expired cache entries: what goes, what stays, and who may not."""

from collections.abc import Iterator

import psycopg
import pytest

from harness.database.servers import Server

SEOUL = "now() AT TIME ZONE 'Asia/Seoul'"
HISTORY = "CALL delete_old_history(batch => 2, pause => '0')"
CACHE = "CALL delete_expired_cache(pages => 1, pause => '0')"


@pytest.fixture
def job(server: Server, name: str, connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection as the role of the Jobs."""
    with server.connect("bill_maintenance_user", name) as opened:
        opened.execute("SET TimeZone = 'America/Los_Angeles'")
        yield opened


@pytest.fixture
def connection(server: Server, name: str, migrated: None) -> Iterator[psycopg.Connection]:
    """A connection to a database of its own, in a time zone far from Seoul's."""
    with server.connect(database=name) as opened:
        opened.execute("SET TimeZone = 'America/Los_Angeles'")
        yield opened


def _inquiry(connection: psycopg.Connection, key: str, age: str, call_age: str) -> None:
    connection.execute(
        "INSERT INTO bill_inquiry_history (request_id, line_number, request_time)"
        f" VALUES (%s, '01012345678', {SEOUL} - %s::interval)",
        [key, age],
    )
    connection.execute(
        "INSERT INTO kos_inquiry_history (bill_request_id, line_number, request_time)"
        f" VALUES (%s, '01012345678', {SEOUL} - %s::interval)",
        [key, call_age],
    )


def _left(connection: psycopg.Connection) -> tuple[list[str], list[str]]:
    """What is left of inquiries and of calls, by request_id."""
    inquiries = connection.execute("SELECT request_id FROM bill_inquiry_history ORDER BY 1").fetchall()
    calls = connection.execute("SELECT bill_request_id FROM kos_inquiry_history ORDER BY 1").fetchall()
    return [row[0] for row in inquiries], [row[0] for row in calls]


def test_history_past_its_days_goes_in_batches_and_the_rest_stays(
    connection: psycopg.Connection, job: psycopg.Connection
) -> None:
    for number in range(5):
        _inquiry(connection, f"gone-{number}", "730 days 1 hour", "365 days 1 hour")
    _inquiry(connection, "kept", "729 days 23 hours", "364 days 23 hours")
    _inquiry(connection, "kept-without-its-call", "400 days", "400 days")
    assert job.execute(HISTORY).fetchone() == (6, 5)
    assert _left(connection) == (["kept", "kept-without-its-call"], ["kept"])
    assert job.execute(HISTORY).fetchone() == (0, 0)


def test_calls_that_may_stay_longer_go_with_their_inquiry(connection: psycopg.Connection, job: psycopg.Connection) -> None:
    connection.execute("UPDATE system_config SET config_value = '9999' WHERE config_key = 'kos.history.retention.days'")
    _inquiry(connection, "gone", "731 days", "731 days")
    assert job.execute(HISTORY).fetchone() == (0, 1)
    assert _left(connection) == ([], [])


@pytest.mark.parametrize("days", ["", "0", "-1", "1.5", "a year", "1e3"])
def test_days_that_are_no_days_delete_nothing_and_are_named(
    connection: psycopg.Connection, job: psycopg.Connection, days: str
) -> None:
    _inquiry(connection, "old", "9999 days", "9999 days")
    connection.execute("UPDATE system_config SET config_value = %s WHERE config_key = 'bill.history.retention.days'", [days])
    with pytest.raises(psycopg.errors.RaiseException, match=f"bill.history.retention.days is '{days}', not a number of days"):
        job.execute(HISTORY)
    assert _left(connection) == (["old"], ["old"])


def test_setting_that_is_switched_off_deletes_nothing(connection: psycopg.Connection, job: psycopg.Connection) -> None:
    _inquiry(connection, "old", "9999 days", "9999 days")
    connection.execute("UPDATE system_config SET is_active = false WHERE config_key = 'kos.history.retention.days'")
    with pytest.raises(psycopg.errors.RaiseException, match=r"kos\.history\.retention\.days is missing or inactive"):
        job.execute(HISTORY)
    assert _left(connection) == (["old"], ["old"])


def test_row_that_somebody_holds_is_left_for_the_next_run(
    server: Server, name: str, connection: psycopg.Connection, job: psycopg.Connection
) -> None:
    for key in ("free", "held"):
        _inquiry(connection, key, "731 days", "1 day")
    with server.connect("bill_inquiry_user", name) as client:
        client.execute("BEGIN")
        client.execute("SELECT FROM bill_inquiry_history WHERE request_id = 'held' FOR UPDATE")
        assert job.execute(HISTORY).fetchone() == (0, 1)
    assert _left(connection) == (["held"], ["held"])
    assert job.execute(HISTORY).fetchone() == (0, 1)


def test_expired_entries_of_both_caches_go_and_the_rest_stays(connection: psycopg.Connection, job: psycopg.Connection) -> None:
    for key, expires in (("gone", "- INTERVAL '1 minute'"), ("kept", "+ INTERVAL '1 minute'")):
        connection.execute(
            "INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at)"
            f" VALUES (%s, %s, '2026-10', '{{}}', {SEOUL} {expires})",
            [key, key],
        )
        connection.execute(
            "INSERT INTO customer_info (customer_id, line_number, operator_code, expires_at)"
            f" VALUES (%s, %s, 'KT', {SEOUL} {expires})",
            [key, key],
        )
    assert job.execute(CACHE).fetchone() == (1, 1)
    assert connection.execute("SELECT cache_key FROM bill_info_cache").fetchall() == [("kept",)]
    assert connection.execute("SELECT customer_id FROM customer_info").fetchall() == [("kept",)]


@pytest.mark.parametrize("role", ["bill_inquiry_user", "bill_readonly_user", "bill_backup_user", "bill_monitoring_user"])
@pytest.mark.parametrize("call", [HISTORY, CACHE], ids=["history", "cache"])
def test_no_other_role_can_delete_by_the_procedures(
    server: Server, name: str, connection: psycopg.Connection, role: str, call: str
) -> None:
    with server.connect(role, name) as client, pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute(call)
