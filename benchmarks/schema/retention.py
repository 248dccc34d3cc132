"""Deleting the oldest 24 days of history while inquiries come in: the service's one DELETE a table, and the chart's procedure."""

import threading
import time
from dataclasses import dataclass

from benchmarks.schema import pgbench, server, writes

DAYS = "(SELECT (now() AT TIME ZONE 'Asia/Seoul')::date - min(request_time)::date - 24 FROM bill_inquiry_history)"
ONE_STATEMENT = (
    "DELETE FROM kos_inquiry_history WHERE request_time < localtimestamp - {days} * INTERVAL '1 day';\n"
    "DELETE FROM bill_inquiry_history WHERE request_time < localtimestamp - {days} * INTERVAL '1 day'"
)
PROCEDURE = (
    "UPDATE system_config SET config_value = {days}"
    " WHERE config_key IN ('bill.history.retention.days', 'kos.history.retention.days');\n"
    "CALL delete_old_history()"
)
RATE = 200
_SCRIPT = writes.SCRIPTS["insert of an inquiry"].replace("md5('request ' || :number)::uuid::text", "gen_random_uuid()::text")


@dataclass(frozen=True)
class Deleted:
    """Rows that went, the seconds it took, and the times of the inserts meanwhile."""

    rows: int
    seconds: float
    inserts: pgbench.Times


def run(database: str, sql: str, seconds: float) -> Deleted:
    """Delete by `sql` while RATE inserts a second come in, for `seconds` and until it is done."""
    days = server.query(database, f"SELECT {DAYS}")
    before = _count(database)
    took = 0.0
    inserts: list[pgbench.Times] = []
    done = threading.Event()

    def insert() -> None:
        while not done.is_set():
            inserts.append(pgbench.run(database, _SCRIPT, writes.CONSTANTS | {"first": "0"}, seconds=seconds, rate=RATE))

    thread = threading.Thread(target=insert)
    thread.start()
    try:
        begun = time.monotonic()
        server.query(database, sql.format(days=days))
        took = time.monotonic() - begun
    finally:
        done.set()
        thread.join()
    times = sorted(millisecond for run in inserts for millisecond in run.milliseconds)
    return Deleted(before + len(times) - _count(database), took, pgbench.Times(times, RATE))


def _count(database: str) -> int:
    return int(
        server.query(database, "SELECT (SELECT count(*) FROM kos_inquiry_history) + (SELECT count(*) FROM bill_inquiry_history)")
    )
