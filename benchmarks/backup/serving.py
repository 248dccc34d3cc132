"""How long the service's reads and writes take while backups are made, and while none is."""

import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks import turns
from benchmarks.backup import jobs
from benchmarks.schema import pgbench, reads, retention, writes
from benchmarks.schema.databases import CHART
from benchmarks.schema.pgbench import Times
from harness.progress import step

READ, WRITE = "2 a line, newest first", writes.INQUIRY
ALONE, BESIDE = "without a backup", "during backups"
SECONDS = 20  # of each, at least


def measure(rows: int, number: int) -> Mapping[str, Mapping[str, Sequence[Times]]]:
    """The clients' executions by kind, then by what went on meanwhile, a value a turn."""
    scripts = {
        READ: next(kind.script for kind in reads.kinds(rows) if kind.name == READ),
        WRITE: retention.INQUIRY,
    }
    works = {ALONE: lambda: time.sleep(SECONDS), BESIDE: _back_up}
    found: dict[str, dict[str, list[Times]]] = {kind: {name: [] for name in works} for kind in scripts}
    for turn in range(-1, number):
        with step(f"serving, turn {turn + 1} of {number}" if turn >= 0 else "serving, to warm up"):
            for kind, script in scripts.items():
                for name in turns.order(list(works), turn):
                    times = during(works[name], script, rows)
                    found[kind][name] += [times] if turn >= 0 else []
    return found


def during(work: Callable[[], None], script: str, rows: int) -> Times:
    """The executions of 20 clients that run the script while the work is done."""
    clients = retention.Clients(CHART, script, rows // writes.ROWS_AN_ENTRY)
    with clients:
        begun = time.time()  # as pgbench's log has it
        work()
        ended = time.time()
    return pgbench.Times(clients.executions).within(begun, ended)


def _back_up() -> None:
    """Each into an empty repository, the most work that a backup can be, with the processors that its pod may have."""
    begun = time.time()
    while time.time() < begun + SECONDS:
        jobs.empty_repository()
        jobs.back_up(limited=True)
