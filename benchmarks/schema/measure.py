"""Measures the databases in turns: every kind of reading, every kind of writing, and retention."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from benchmarks import turns
from benchmarks.schema import databases, pgbench, reads, retention, writes
from benchmarks.schema.writes import Written
from harness.progress import step

T = TypeVar("T")
Turns = Mapping[str, list[T]]  # by database
WARM_UP = 1  # seconds of each kind of reading


@dataclass(frozen=True)
class Figures:
    """What was measured: by the name of the work, then by database, a value a turn; sizes before anything was written."""

    rows: int
    sizes: Mapping[str, Mapping[str, int]]
    reads: Mapping[str, Turns[pgbench.Times]]
    writes: Mapping[str, Turns[Written]]
    retention: Mapping[str, Turns[retention.Deleted]]


def figures(rows: int, number: int, seconds: int) -> Figures:
    """Measure in `number` turns, every kind of reading for `seconds` in each."""
    sizes = {database: databases.sizes(database) for database in databases.ALL}
    return Figures(rows, sizes, _reads(rows, number, seconds), _writes(rows, number), _retention(rows, number))


def _reads(rows: int, number: int, seconds: int) -> Mapping[str, Turns[pgbench.Times]]:
    scripts = {kind.name: kind.script for kind in reads.kinds(rows)}

    def read(name: str, database: str, turn: int) -> pgbench.Times:
        return pgbench.run(database, scripts[name], reads.CONSTANTS, seconds=WARM_UP if turn < 0 else seconds)

    return _in_turns("reading", list(scripts), number, read)


def _writes(rows: int, number: int) -> Mapping[str, Turns[Written]]:
    first = {database: writes.next_number(database) for database in databases.ALL}

    def write(name: str, database: str, turn: int) -> Written:
        return writes.run(database, writes.SCRIPTS[name], rows, first[database] + (turn + 1) * writes.A_TURN)

    return _in_turns("writing", list(writes.SCRIPTS), number, write)


def _retention(rows: int, number: int) -> Mapping[str, Turns[retention.Deleted]]:
    works = {work.name: work for work in retention.WORKS}

    def delete(name: str, database: str, _turn: int) -> retention.Deleted:
        return retention.run(database, works[name], rows)

    return _in_turns("deleting", list(works), number, delete)


def _in_turns(what: str, names: list[str], number: int, run: Callable[[str, str, int], T]) -> Mapping[str, Turns[T]]:
    """Run every kind in every database, a turn to warm up and then `number` that count; run is told -1 for the first."""
    found: dict[str, dict[str, list[T]]] = {name: {database: [] for database in databases.ALL} for name in names}
    for turn in range(-1, number):
        with step(f"{what}, turn {turn + 1} of {number}" if turn >= 0 else f"{what}, to warm up"):
            for name in names:
                for database in turns.order(databases.ALL, turn):
                    value = run(name, database, turn)
                    found[name][database] += [value] if turn >= 0 else []
    return found
