"""Deleting what is too old while clients work: one DELETE a table, and the chart's procedures; and what becomes of the space."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.schema import pgbench, server, writes

RATE = 200
_DAYS = "(SELECT (now() AT TIME ZONE 'Asia/Seoul')::date - min(request_time)::date - 24 FROM bill_inquiry_history)"


@dataclass(frozen=True)
class Work:
    """What is deleted by which statements, what clients do meanwhile, and what fills each table with as many rows again."""

    name: str
    ways: Mapping[str, str]
    delete: Mapping[str, str]
    meanwhile: str
    inserts: bool
    refill: Mapping[str, str]


WORKS = (
    Work(
        "deleting the oldest 24 days of history",
        {"design": "one DELETE a table", "chart": "CALL delete_old_history()"},
        {
            "design": f"DELETE FROM kos_inquiry_history WHERE request_time < localtimestamp - {_DAYS} * INTERVAL '1 day';\n"
            f"DELETE FROM bill_inquiry_history WHERE request_time < localtimestamp - {_DAYS} * INTERVAL '1 day'",
            "chart": f"UPDATE system_config SET config_value = {_DAYS}"
            " WHERE config_key IN ('bill.history.retention.days', 'kos.history.retention.days');\n"
            "CALL delete_old_history()",
        },
        writes.SCRIPTS[writes.INQUIRY].replace("md5('request ' || :number)::uuid::text", "gen_random_uuid()::text"),
        True,
        {
            "bill_inquiry_history": "INSERT INTO bill_inquiry_history (request_id, line_number, request_time, process_time,"
            " status, result_summary, bill_info_json, kos_response_time_ms, cache_hit)"
            " SELECT gen_random_uuid()::text, line_number, localtimestamp, localtimestamp, status, result_summary,"
            " bill_info_json, kos_response_time_ms, cache_hit FROM ("
            "SELECT * FROM bill_inquiry_history WHERE status = 'COMPLETED' ORDER BY request_time DESC LIMIT {rows}) AS latest",
            "kos_inquiry_history": "INSERT INTO kos_inquiry_history (bill_request_id, line_number, inquiry_month, request_time,"
            " response_time, result_code, result_message, kos_data_json)"
            " SELECT bill_request_id, line_number, inquiry_month, localtimestamp, localtimestamp, result_code, result_message,"
            " kos_data_json FROM (SELECT * FROM kos_inquiry_history ORDER BY request_time DESC LIMIT {rows}) AS latest",
        },
    ),
    Work(
        "deleting the cache's expired half",
        {"design": "one DELETE", "chart": "CALL delete_expired_cache()"},
        {"design": "DELETE FROM bill_info_cache WHERE expires_at < localtimestamp", "chart": "CALL delete_expired_cache()"},
        writes.SCRIPTS["cache: an access is counted"],
        False,
        {
            "bill_info_cache": "INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at)"
            " SELECT line_number || ':again', line_number, inquiry_month, bill_info_json, localtimestamp"
            " FROM (SELECT * FROM bill_info_cache LIMIT {rows}) AS entry",
        },
    ),
)


@dataclass(frozen=True)
class Deleted:
    """Rows that went, the seconds it took, what the clients did meanwhile, and bytes of the tables with their indexes."""

    rows: int
    seconds: float
    meanwhile: pgbench.Times
    before: int
    after: int
    refilled: int


def run(database: str, work: Work, entries: int, seconds: float) -> Deleted:
    """Delete while RATE clients' requests begin a second, for `seconds` and until it is done; then vacuum, and fill up again."""
    size = " + ".join(f"pg_total_relation_size('{table}')" for table in work.refill)
    server.query(database, f"VACUUM {', '.join(work.refill)}")
    before, first = int(server.query(database, f"SELECT {size}")), _rows(database, work)
    took = 0.0
    done_by_clients: list[pgbench.Times] = []
    done = threading.Event()

    def clients() -> None:
        constants = writes.CONSTANTS | {"first": "0", "entries": str(entries)}
        while not done.is_set():
            done_by_clients.append(pgbench.run(database, work.meanwhile, constants, seconds=seconds, rate=RATE))

    thread = threading.Thread(target=clients)
    thread.start()
    try:
        begun = time.monotonic()
        server.query(database, work.delete[database])
        took = time.monotonic() - begun
    finally:
        done.set()
        thread.join()
    times = sorted(millisecond for run in done_by_clients for millisecond in run.milliseconds)
    fewer = {table: first[table] - count for table, count in _rows(database, work).items()}
    server.query(database, f"VACUUM {', '.join(work.refill)}")
    after = int(server.query(database, f"SELECT {size}"))
    for table, statement in work.refill.items():
        server.query(database, statement.format(rows=fewer[table]))
    refilled = int(server.query(database, f"SELECT {size}"))
    rows = sum(fewer.values()) + (len(times) if work.inserts else 0)
    return Deleted(rows, took, pgbench.Times(times, RATE), before, after, refilled)


def _rows(database: str, work: Work) -> dict[str, int]:
    return {table: int(server.query(database, f"SELECT count(*) FROM {table}")) for table in work.refill}
