"""The figures of the schema as Markdown."""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.figures import figure, text
from benchmarks.schema import compare, headline, reads, writes
from benchmarks.schema.databases import ALL, CHART, DESIGN, LABELS, LINES
from benchmarks.schema.measure import Figures
from benchmarks.schema.pgbench import CONNECTIONS, Times
from benchmarks.schema.retention import RATE, Deleted
from benchmarks.tables import markdown

LABELLED = [LABELS[database] for database in ALL]
RATIOS = [f"{LABELS[baseline]} / the chart" for baseline in (DESIGN, LINES)]


def section(figures: Figures, seconds: int) -> str:
    """The part's text: what remains, then the tables."""
    kinds = [name for name in figures.reads if name != reads.CONTROL]
    parts = [
        f"{figures.rows:,} inquiries and as many calls to KOS in each database, {CONNECTIONS} connections.",
        headline.text(figures),
        "### Reading: p50",
        f"Each kind for {seconds} s or more a turn; a page with its count is one execution; n: the fewest of a turn.",
        _p50(figures, kinds),
        "### Reading: p99, where every turn has enough executions",
        _p99(figures, kinds),
        "### The control: the same index in each database, outside the mean",
        _p50(figures, [reads.CONTROL]),
        "### Writing",
        f"{writes.A_TURN:,} rows in each turn, after a checkpoint.",
        _writes(figures),
        "### On disk",
        "Measured once, before anything was written: a size has no spread.",
        _sizes(figures),
    ]
    for name, by in figures.retention.items():
        parts += [f"### Deleting {name}", f"{RATE} executions of clients begin a second meanwhile.", _deleted(by)]
    return "\n\n".join(parts)


def _p50(figures: Figures, kinds: Sequence[str]) -> str:
    rows = []
    for name in kinds:
        times = figures.reads[name]
        cells = []
        for database in ALL:
            cells += [text(figure([turn.p50 for turn in times[database]]), 1), f"{compare.fewest(times[database]):,}"]
        rows.append([name, *cells, *(text(figure(compare.p50(times, baseline)), 2) for baseline in (DESIGN, LINES))])
    header = ["p50, ms", *(cell for label in LABELLED for cell in (label, "n")), *RATIOS]
    return f"{markdown(header, rows)}\n\n{_turns(figures)}"


def _p99(figures: Figures, kinds: Sequence[str]) -> str:
    rows = []
    for name in kinds:
        by = {database: compare.p99(figures.reads[name][database]) for database in ALL}
        if any(by.values()):
            cells = [text(figure(p99), 1) if p99 else "" for p99 in by.values()]
            ratios = [compare.optional(by[baseline], by[CHART]) for baseline in (DESIGN, LINES)]
            rows.append([name, *cells, *(text(figure(ratio), 2) if ratio else "" for ratio in ratios)])
    return f"{markdown(['p99, ms', *LABELLED, *RATIOS], rows)}\n\n{_turns(figures)}"


def _turns(figures: Figures) -> str:
    return f"{len(next(iter(figures.reads.values()))[CHART])} turns."


def _writes(figures: Figures) -> str:
    rows = []
    for name, by in figures.writes.items():
        rates = [text(figure([turn.rate for turn in by[database]]), 0) for database in ALL]
        ratios = [text(figure(compare.rate(by, baseline)), 2) for baseline in (DESIGN, LINES)]
        wal = [text(figure([turn.wal for turn in by[database]]), 0) for database in ALL]
        rows.append([name, str(len(by[CHART])), *rates, *ratios, *wal])
    against = [text(figure(compare.three_writes(figures.writes, baseline)), 2) for baseline in (DESIGN, LINES)]
    rows.append(["**the three writes of an inquiry**", str(len(by[CHART])), "", "", "", *against, "", "", ""])
    faster = [f"the chart / {LABELS[baseline]}" for baseline in (DESIGN, LINES)]
    header = ["rows a second", "n", *LABELLED, *faster, *(f"WAL bytes a row: {label}" for label in LABELLED)]
    return markdown(header, rows)


def _sizes(figures: Figures) -> str:
    kinds: Mapping[str, Callable[[Mapping[str, int]], int]] = {
        "tables": lambda sizes: sizes["tables"],
        "indexes": lambda sizes: sizes["indexes"],
        "together": lambda sizes: sum(sizes.values()),
    }
    rows = []
    for name, size in kinds.items():
        of = {database: size(figures.sizes[database]) for database in ALL}
        ratios = [f"{of[baseline] / of[CHART]:.2f}" for baseline in (DESIGN, LINES)]
        rows.append([name, *(f"{of[database] / 2**20:,.0f}" for database in ALL), *ratios])
    return markdown(["MiB", *LABELLED, *RATIOS], rows)


def _deleted(by: Mapping[str, Sequence[Deleted]]) -> str:
    rows = []
    for database, turns in by.items():
        clients = [turn.meanwhile for turn in turns]
        rows.append([
            LABELS[database], str(len(turns)),
            text(figure([turn.rows for turn in turns]), 0), text(figure([turn.seconds for turn in turns]), 2), *_clients(clients),
            f"{turns[-1].before / 2**20:,.0f}", f"{turns[-1].refilled / 2**20:,.0f}",
        ])  # fmt: skip
    header = [
        "", "n", "rows", "s", "fewest executions of clients", "their p50, ms", "p99", "longest", "MiB before the last turn",
        "after it, with as many new rows",
    ]  # fmt: skip
    return markdown(header, rows)


def _clients(turns: Sequence[Times]) -> list[str]:
    """Their fewest executions, p50, p99 and longest; a deletion may be done before any client did something."""
    fewest, p99 = compare.fewest(turns), compare.p99(turns)
    if not fewest:
        return ["0", "", "", ""]
    middles, longest = [times.p50 for times in turns], [max(times.milliseconds) for times in turns]
    return [f"{fewest:,}", text(figure(middles), 1), text(figure(p99), 1) if p99 else "", text(figure(longest), 1)]
