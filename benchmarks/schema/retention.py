"""Deleting what is too old while clients work: one DELETE a table, and the chart's procedures; and what becomes of the space."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.schema import databases, pgbench, server, writes
from harness.waiting import wait_for

CACHE = Path(__file__).parent / "cache.sql"
RATE = 200  # executions of the clients that begin a second
# The number of an inquiry says nothing of its request here: clients begin anew with every run.
INQUIRY = writes.SCRIPTS[writes.INQUIRY].replace("md5('request ' || :number)::uuid::text", "gen_random_uuid()::text")
CHUNK = 3  # seconds of a run of the clients; they go on until the deletion is done
_DAYS = "(SELECT (now() AT TIME ZONE 'Asia/Seoul')::date - min(request_time)::date - 24 FROM bill_inquiry_history)"


@dataclass(frozen=True)
class Work:
    """How the design and the chart delete, what clients do meanwhile, and what fills each table with as many rows again."""

    name: str
    of_design: str
    of_chart: str
    meanwhile: str
    refill: Mapping[str, str]
    prepared: bool = True  # else the cache is filled anew first: refreshes have left little of it expired


WORKS = (
    Work(
        "the oldest 24 days of history",
        f"DELETE FROM kos_inquiry_history WHERE request_time < localtimestamp - {_DAYS} * INTERVAL '1 day';\n"
        f"DELETE FROM bill_inquiry_history WHERE request_time < localtimestamp - {_DAYS} * INTERVAL '1 day'",
        f"UPDATE system_config SET config_value = {_DAYS}"
        " WHERE config_key IN ('bill.history.retention.days', 'kos.history.retention.days');\n"
        "CALL delete_old_history()",
        INQUIRY,
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
        "the cache's expired half",
        "DELETE FROM bill_info_cache WHERE expires_at < localtimestamp",
        "CALL delete_expired_cache()",
        writes.SCRIPTS["cache: an access is counted"],
        {
            "bill_info_cache": "INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at)"
            " SELECT line_number || ':again', line_number, inquiry_month, bill_info_json, localtimestamp"
            " FROM (SELECT * FROM bill_info_cache LIMIT {rows}) AS entry",
        },
        prepared=False,
    ),
)


@dataclass(frozen=True)
class Deleted:
    """The rows fewer, the seconds it took, the clients' executions meanwhile, and bytes before and when as many rows were new."""

    rows: int
    seconds: float
    meanwhile: pgbench.Times
    before: int
    refilled: int


def run(database: str, work: Work, rows_loaded: int) -> Deleted:
    """Delete while RATE executions of clients begin a second; then vacuum, and fill up again."""
    if not work.prepared:
        server.psql(database, f"--set=rows={rows_loaded}", f"--file={CACHE}")
    server.query(database, f"VACUUM {', '.join(work.refill)}")
    before, rows = _size(database, work), _rows(database, work)
    clients = Clients(database, work.meanwhile, rows_loaded // writes.ROWS_AN_ENTRY)
    with clients:
        begun = time.time()  # as pgbench's log has it
        server.query(database, work.of_chart if database == databases.CHART else work.of_design)
        ended = time.time()
    fewer = {table: rows[table] - count for table, count in _rows(database, work).items()}
    server.query(database, f"VACUUM {', '.join(work.refill)}")
    for table, statement in work.refill.items():
        server.query(database, statement.format(rows=fewer[table]))
    times = pgbench.Times(clients.executions).within(begun, ended)
    return Deleted(sum(fewer.values()), ended - begun, times, before, _size(database, work))


class Clients:
    """Work while the block runs, and a little longer."""

    def __init__(self, database: str, script: str, entries: int) -> None:
        self.executions: list[pgbench.Execution] = []
        self._work = (database, script, writes.CONSTANTS | {"first": "0", "entries": str(entries)})
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()
        wait_for(self._connected, "the clients to connect")

    def _connected(self) -> bool:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'"
        return int(server.query(self._work[0], asked)) == pgbench.CONNECTIONS

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.is_set():
            self.executions += pgbench.run(*self._work, seconds=CHUNK, rate=RATE).executions


def _size(database: str, work: Work) -> int:
    sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in work.refill)
    return int(server.query(database, f"SELECT {sizes}"))


def _rows(database: str, work: Work) -> dict[str, int]:
    return {table: int(server.query(database, f"SELECT count(*) FROM {table}")) for table in work.refill}
