"""Measures both index sets, kind by kind in turns, and gives tables and a picture."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.schema import loading, pgbench, reads, retention, server, writes
from benchmarks.schema.writes import Written
from harness.local import programs
from harness.progress import step

DATABASES = {"design": True, "chart": False}
SIZES = """
    SELECT CASE WHEN relkind = 'i' THEN 'indexes' ELSE 'tables' END, sum(pg_relation_size(oid) + CASE
        WHEN relkind = 'r' THEN coalesce(pg_table_size(oid) - pg_relation_size(oid), 0) ELSE 0 END)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') GROUP BY 1
"""
BESIDE_KEYS = """
    SELECT indexrelid::regclass FROM pg_index
    WHERE indrelid = 'bill_inquiry_history'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
GIBIBYTE_ROWS = 110_000  # rows in both tables of both databases that a GiB holds, with room to load


@dataclass(frozen=True)
class Figures:
    """What was measured, each by the name of the work and then by database."""

    rows: int
    sizes: Mapping[str, Mapping[str, int]]
    reads: Mapping[str, Mapping[str, pgbench.Times]]
    writes: Mapping[str, Mapping[str, Written]]
    retention: Mapping[str, Mapping[str, retention.Deleted]]
    bound: Written


def figures(rows: int, seconds: float, keep: bool) -> Figures:
    """Load what is not there, then measure: every kind of reading for `seconds`. `keep` leaves the data for the next run."""
    programs.install(["helm"])
    _load(rows, keep)
    try:
        with server.running():
            sizes = {database: _sizes(database) for database in DATABASES}
            read = {kind.name: _read(kind, seconds) for kind in reads.kinds(rows)}
            return Figures(rows, sizes, read, _write(rows), _retention(rows, seconds), _bound(rows))
    finally:
        if not keep:
            server.remove()


def _load(rows: int, keep: bool) -> None:
    if not (keep and server.DATA.exists()):
        server.prepare(rows / GIBIBYTE_ROWS)
    with server.running(server.LOADING):
        for database, design in DATABASES.items():
            if not loading.loaded(database, rows):
                server.query("postgres", f"DROP DATABASE IF EXISTS {database}")
                loading.create(database, design)
                loading.load(database, rows)


def _sizes(database: str) -> dict[str, int]:
    return {kind: int(size) for kind, size in (line.split("|") for line in server.query(database, SIZES).splitlines())}


def _read(kind: reads.Read, seconds: float) -> dict[str, pgbench.Times]:
    with step(f"read: {kind.name}"):
        return {database: pgbench.run(database, kind.script, reads.CONSTANTS, seconds=seconds) for database in DATABASES}


def _write(rows: int) -> dict[str, dict[str, Written]]:
    first = {database: _next_number(database) for database in DATABASES}
    found = {}
    for name, script in writes.SCRIPTS.items():
        with step(f"write: {name}"):
            found[name] = _in_turns(script, rows, first)
    return found


def _in_turns(script: str, rows: int, first: Mapping[str, int]) -> dict[str, Written]:
    """Write in each database in turn, several times; `first` is the number of each one's first row."""
    turns: dict[str, list[Written]] = {database: [] for database in first}
    for turn in range(writes.TURNS):
        for database, number in first.items():
            turns[database].append(writes.run(database, script, rows, number + turn * writes.A_TURN))
    return {database: writes.together(done) for database, done in turns.items()}


def _next_number(database: str) -> int:
    return int(server.query(database, "SELECT last_value + 1 FROM bill_inquiry_history_id_seq"))


def _bound(rows: int) -> Written:
    """The insert of an inquiry where the table has its keys alone: the most that any choice of indexes can give."""
    with step("write: an inquiry with the keys alone"):
        for index in server.query("chart", BESIDE_KEYS).splitlines():
            server.query("chart", f"DROP INDEX {index}")
        return _in_turns(writes.SCRIPTS[writes.INQUIRY], rows, {"chart": _next_number("chart")})["chart"]


def _retention(rows: int, seconds: float) -> dict[str, dict[str, retention.Deleted]]:
    found = {}
    for work in retention.WORKS:
        with step(work.name):
            found[work.name] = {d: retention.run(d, work, rows // writes.ROWS_AN_ENTRY, seconds) for d in DATABASES}
    return found
