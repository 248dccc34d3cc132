"""The part `monitoring` of the benchmark."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from benchmarks import figures, machine, tables, turns
from benchmarks.backup import serving
from benchmarks.figures import figure, text
from benchmarks.monitoring import exporter, queries
from benchmarks.monitoring.exporter import DEFAULTS, EVERY, OURS, Cost
from benchmarks.results import Section
from benchmarks.schema import loading, reads, server
from benchmarks.schema.pgbench import Times
from harness.progress import step

GIBIBYTE_ROWS = 60_000  # as the part `backup`
ALONE, WATCHED = "nobody scrapes", f"scraped every {EVERY} s"
SECONDS = 2 * EVERY + 5  # of the service in each turn


def measure(number: int, rows: int) -> Section:
    """Fill the chart's database anew, measure, and remove it."""
    server.prepare(rows / GIBIBYTE_ROWS)
    try:
        with server.running(server.LOADING):
            loading.fill_chart(rows)
        with server.running():
            costs = {way: _costs(way, number) for way in (OURS, DEFAULTS)}
            asked = queries.measure(number)
            times = _service(rows, number)
            version = machine.server(server.query("postgres", "SELECT version()"))
    finally:
        server.remove()
    return Section(section(rows, costs, asked, times), f"{version}, without a container")


def _costs(way: str, number: int) -> Sequence[Cost]:
    with exporter.running(way) as running, step(f"scrape {number} times: {way}"):
        running.cost()
        return [running.cost() for _ in range(number)]


def _service(rows: int, number: int) -> Mapping[str, Sequence[Times]]:
    """The service's most frequent reading with and without a Prometheus, in turns."""
    script = next(kind.script for kind in reads.kinds(rows) if kind.name == serving.READ)
    found: dict[str, list[Times]] = {ALONE: [], WATCHED: []}
    for turn in range(-1, number):
        with step(f"serving, turn {turn + 1} of {number}" if turn >= 0 else "serving, to warm up"):
            for name in turns.order(list(found), turn):
                with ExitStack() as stack:
                    if name == WATCHED:
                        _scraped(stack)
                    times = serving.during(_rest, script, rows)
                found[name] += [times] if turn >= 0 else []
    return found


def _rest() -> None:
    threading.Event().wait(SECONDS)


def _scraped(stack: ExitStack) -> None:
    """Have the exporter scraped as Prometheus does, until the stack unwinds."""
    running, over = stack.enter_context(exporter.running(OURS)), threading.Event()

    def work() -> None:
        while not over.wait(EVERY):
            running.scrape()

    thread = threading.Thread(target=work)
    thread.start()
    stack.callback(thread.join)
    stack.callback(over.set)


def section(
    rows: int,
    costs: Mapping[str, Sequence[Cost]],
    asked: Mapping[str, Sequence[float]],
    times: Mapping[str, Sequence[Times]],
) -> str:
    """The section's text."""
    columns: dict[str, Callable[[Cost], float]] = {
        "a scrape, ms": lambda cost: cost.milliseconds,
        "of a processor in the server, ms": lambda cost: cost.server,
        f"% of a core at {EVERY} s": lambda cost: cost.server / EVERY / 10,
        "of a processor in the exporter, ms": lambda cost: cost.exporter,
        "memory of the exporter, MiB": lambda cost: cost.resident / 2**20,
    }
    of_scrapes = [
        [way, *(text(figure([column(cost) for cost in found]), 2) for column in columns.values())] for way, found in costs.items()
    ]
    of_queries = [[f"`{name}`", text(figure(found), 2)] for name, found in asked.items()]
    of_service = []
    for name, found in times.items():
        slow = [p99 for one in found if (p99 := figures.p99(one.milliseconds)) is not None]
        of_service.append([
            name, text(figure([one.p50 for one in found]), 2), text(figure(slow), 2) if len(slow) == len(found) else "-",
        ])  # fmt: skip
    return "\n\n".join([
        f"{rows:,} rows in each history table. postgres_exporter as the chart runs it, and with its own defaults and no queries\n"
        f"of the chart's; {len(costs[OURS])} scrapes of each, {EVERY} s apart: what is cached for less is asked anew.",
        tables.markdown(["", *columns], of_scrapes),
        "Each query alone, on a connection that has just run it (milliseconds):",
        tables.markdown(["query", "ms: median (min to max)"], of_queries),
        f"The service's most frequent reading (a line's pages) over 20 connections, {SECONDS} s in each turn (milliseconds):",
        tables.markdown(["", "p50", "p99"], of_service),
    ])  # fmt: skip
