"""Retention while others hold and update rows, within its time, and only by what its role may do."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import psycopg
import pytest

from harness.database.servers import Server
from tests.database.versions import oldest_and_newest

pytestmark = oldest_and_newest

MAINTENANCE = "bill_maintenance_user"
SERVICE = "bill_inquiry_user"
ROWS = 21_000  # of each kind
OLD = f"""
INSERT INTO bill_inquiry_history (request_id, line_number, request_time)
SELECT 'R' || n, '01012345678', '2020-01-01'::timestamp + n * INTERVAL '1 s' FROM generate_series(1, {ROWS}) AS n;
INSERT INTO kos_inquiry_history (bill_request_id, line_number, request_time)
SELECT 'R' || n, '01012345678', '2020-01-01'::timestamp + n * INTERVAL '1 s' FROM generate_series(1, {ROWS}) AS n;
"""
COUNTS = "SELECT (SELECT count(*) FROM kos_inquiry_history), (SELECT count(*) FROM bill_inquiry_history)"
CACHE = "INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at) VALUES"


@pytest.fixture
def connection(server: Server, name: str, migrated: None) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database of its own."""
    with server.connect(database=name) as opened:
        yield opened


@pytest.fixture
def job(server: Server, name: str, connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection as the role of the Jobs, which ends what it has to wait for."""
    with server.connect(MAINTENANCE, name, options="-c lock_timeout=60s") as opened:
        yield opened


def told(job: psycopg.Connection, call: str) -> tuple[tuple[int, ...], str]:
    """What a procedure returns, and its notice."""
    notices: list[str] = []
    job.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    numbers = job.execute(call.encode()).fetchone()
    assert numbers is not None
    [notice] = notices
    return numbers, notice


def held(notice: str) -> int:
    found = re.search(r"; (\d+) rows are left that others hold", notice)
    assert found, notice
    return int(found[1])


@contextmanager
def updating(server: Server, name: str, writers: int) -> Iterator[None]:
    """Clients that update old rows, one a transaction, all over both tables but for each 50th, for as long as the block lasts."""
    done = Event()

    def work(writer: int) -> int:
        count = 0
        with server.connect(SERVICE, name) as client:
            while not done.is_set():
                number = (count * 7919 + writer * 1013) % ROWS + 1
                key = [f"R{number + (number % 50 == 0)}"]
                client.execute("UPDATE kos_inquiry_history SET retry_count = retry_count + 1 WHERE bill_request_id = %s", key)
                client.execute("UPDATE bill_inquiry_history SET status = 'TIMEOUT' WHERE request_id = %s", key)
                count += 1
        return count

    with ThreadPoolExecutor(writers) as pool:
        working = [pool.submit(work, writer) for writer in range(writers)]
        try:
            yield
        finally:
            done.set()
        assert min(future.result() for future in working) > 0


def test_every_old_row_goes_or_is_counted_as_held(
    server: Server, name: str, connection: psycopg.Connection, job: psycopg.Connection
) -> None:
    connection.execute(OLD.encode())
    with server.connect(SERVICE, name) as holder, holder.transaction():
        holder.execute("SELECT FROM bill_inquiry_history WHERE id % 100 = 0 FOR UPDATE")
        holder.execute("SELECT FROM kos_inquiry_history WHERE id % 100 = 50 FOR UPDATE")
        with updating(server, name, writers=3):
            (calls, inquiries), notice = told(job, "CALL delete_old_history(pause => '0')")
        left = connection.execute(COUNTS).fetchone()
    assert left is not None
    assert calls + inquiries + held(notice) == 2 * ROWS
    assert sum(left) <= held(notice), "a call that was held for a moment may have gone with its inquiry"
    assert left >= (ROWS // 100, 2 * ROWS // 100), "those that the holder has, and the inquiries of its calls"
    told(job, "CALL delete_old_history(pause => '0')")
    assert connection.execute(COUNTS).fetchone() == (0, 0)


def test_inquiry_whose_call_is_held_is_passed_over(
    server: Server, name: str, connection: psycopg.Connection, job: psycopg.Connection
) -> None:
    connection.execute("UPDATE system_config SET config_value = '9999' WHERE config_key = 'kos.history.retention.days'")
    connection.execute(OLD.replace(str(ROWS), "3").encode())
    with server.connect(SERVICE, name) as holder, holder.transaction():
        holder.execute("SELECT FROM kos_inquiry_history WHERE bill_request_id = 'R2' FOR UPDATE")
        numbers, notice = told(job, "CALL delete_old_history(batch => 1)")
    assert (numbers, held(notice)) == ((0, 2), 1)
    assert connection.execute("SELECT bill_request_id, request_id FROM kos_inquiry_history, bill_inquiry_history").fetchall() == [
        ("R2", "R2")
    ]


def test_cache_entry_that_is_held_is_passed_over(
    server: Server, name: str, connection: psycopg.Connection, job: psycopg.Connection
) -> None:
    connection.execute(
        f"{CACHE} ('held', '1', '2020-01', '{{}}', '2020-01-01'), ('free', '1', '2020-01', '{{}}', '2020-01-01')".encode()
    )
    with server.connect(SERVICE, name) as holder, holder.transaction():
        holder.execute("SELECT FROM bill_info_cache WHERE cache_key = 'held' FOR UPDATE")
        numbers, notice = told(job, "CALL delete_expired_cache()")
    assert (numbers, held(notice)) == ((1, 0), 1)
    assert connection.execute("SELECT cache_key FROM bill_info_cache").fetchall() == [("held",)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("delete_old_history(batch => 0)", "batch is 0, not a number of rows: nothing is deleted"),
        ("delete_old_history(batch => -1)", "batch is -1, not a number of rows: nothing is deleted"),
        ("delete_old_history(batch => NULL)", "batch is null, not a number of rows: nothing is deleted"),
        ("delete_old_history(at_most => NULL)", "at_most is null, not an interval: nothing is deleted"),
        ("delete_expired_cache(pages => 0)", "pages is 0, not a number of pages: nothing is deleted"),
        ("delete_expired_cache(pages => -1)", "pages is -1, not a number of pages: nothing is deleted"),
        ("delete_expired_cache(pages => NULL)", "pages is null, not a number of pages: nothing is deleted"),
        ("delete_expired_cache(at_most => NULL)", "at_most is null, not an interval: nothing is deleted"),
    ],
)
def test_what_would_never_end_is_refused_by_name(
    connection: psycopg.Connection, job: psycopg.Connection, call: str, message: str
) -> None:
    connection.execute(f"{CACHE} ('old', '1', '2020-01', '{{}}', '2020-01-01')".encode())
    job.execute("SET statement_timeout = '120s'")
    with pytest.raises(psycopg.errors.RaiseException) as refused:
        job.execute(f"CALL {call}".encode())
    assert refused.value.diag.message_primary == message


def test_time_that_is_over_ends_both_procedures_and_is_told(connection: psycopg.Connection, job: psycopg.Connection) -> None:
    connection.execute(OLD.replace(str(ROWS), "3").encode())
    connection.execute(f"{CACHE} ('old', '1', '2020-01', repeat('\"', 2)::jsonb, '2020-01-01')".encode())
    numbers, notice = told(job, "CALL delete_old_history(batch => 1, pause => '1 s', at_most => '1 s')")
    assert (numbers, notice.rpartition("; ")[2]) == ((1, 0), "00:00:01 were over before the end: the next run goes on")
    numbers, notice = told(job, "CALL delete_expired_cache(at_most => '0')")
    assert (numbers, notice.rpartition("; ")[2]) == ((0, 0), "00:00:00 were over before the end: the next run goes on")


def test_role_of_the_jobs_can_delete_nothing_that_is_not_too_old(connection: psycopg.Connection, job: psycopg.Connection) -> None:
    connection.execute("INSERT INTO bill_inquiry_history (request_id, line_number) VALUES ('R1', '1')")
    connection.execute("INSERT INTO kos_inquiry_history (bill_request_id, line_number) VALUES ('R1', '1')")
    for batch in ("delete_old_calls(1000, '-infinity', 0)", "delete_old_inquiries(1000, '-infinity', 0)"):
        assert job.execute(f"SELECT seen, deleted FROM {batch}".encode()).fetchone() == (0, 0)
    assert connection.execute(COUNTS).fetchone() == (1, 1)
    with pytest.raises(psycopg.errors.RaiseException, match="system_config is no cache: nothing is deleted"):
        job.execute("SELECT delete_expired_entries('system_config', 0, 1000)")
