"""The figures of backup and restore as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.backup import copying, growing, serving
from benchmarks.backup.growing import Growth
from benchmarks.figures import figure, ratios, text
from benchmarks.schema import compare, writes
from benchmarks.schema.pgbench import CONNECTIONS, Times
from benchmarks.schema.retention import RATE
from benchmarks.tables import markdown

MB = 10**6


@dataclass(frozen=True)
class Figures:
    """What was measured: seconds by way, a value a turn; `size` as pg_database_size has it, `sizes` of what was dumped."""

    rows: int
    size: int
    dumps: Mapping[str, Sequence[float]]
    sizes: Mapping[str, int]
    restores: Mapping[str, Sequence[float]]
    growth: Growth
    serving: Mapping[str, Mapping[str, Sequence[Times]]]

    @property
    def all_rows(self) -> int:
        """Of both history tables and the cache."""
        return 2 * self.rows + self.rows // writes.ROWS_AN_ENTRY


def section(figures: Figures) -> str:
    """The part's text: what remains, then the tables."""
    return "\n\n".join([
        f"{figures.rows:,} inquiries, as many calls to KOS and {figures.rows // writes.ROWS_AN_ENTRY:,} entries of the cache:"
        f" {figures.size / MB:,.0f} MB with their indexes.",
        headline(figures),
        "### Backup",
        "As `bill_backup_user`, without the pod's limit of CPU. The chart's goes into an empty repository, compressed and"
        " encrypted, with the rows counted for its manifest. MB/s are of the database's size.",
        _copies(figures, figures.dumps, copying.PLAIN),
        "### Restore",
        "Into a new database, by one session; the chart's reads the whole backup before, counts the rows after, and analyzes.",
        _copies(figures, figures.restores, copying.PLAIN_RESTORE),
        "### Another backup",
        f"The first one read {figures.growth.first.read / MB:,.0f} MB and added {figures.growth.first.added / MB:,.1f} MB to the"
        f" repository. A day has a {growing.DAYS}th of the rows, and the cache's writes.",
        _growth(figures.growth),
        "### The service during a backup",
        f"{RATE} executions begin a second, over {CONNECTIONS} connections; n: the fewest of a turn. Each backup goes into an"
        " empty repository, the most work it can be, with the limit of CPU that its pod has.",
        _serving(figures.serving),
    ])  # fmt: skip


def headline(figures: Figures) -> str:
    """What remains, in sentences, with what is aimed at."""
    backup = text(figure(ratios(figures.dumps[copying.BACKUP], figures.dumps[copying.PLAIN])), 2)
    restore = text(figure(ratios(figures.restores[copying.RESTORE], figures.restores[copying.PLAIN_RESTORE])), 2)
    day, all_over = (text(figure(figures.growth.percent(name)), 1) for name in (growing.A_DAY, growing.ALL_OVER))
    p99 = [
        f"{text(figure(found), 2)} times as long" if (found := _p99_ratios(figures.serving[kind])) else "not known"
        for kind in (serving.READ, serving.WRITE)
    ]
    return (
        f"**A backup** takes {backup} times as long as pg_dump, **a restore** {restore} times as long as pg_restore (aim: 1.3)."
        f" **Another backup** after a day adds {day} % of the first one (aim: 5), and {all_over} % where 1 % of the rows were"
        f" updated all over the tables. **During a backup** the p99 of a read is {p99[0]}, that of a write {p99[1]} (aim: 1.5)."
    )


def _copies(figures: Figures, seconds: Mapping[str, Sequence[float]], baseline: str) -> str:
    rows = []
    for name, took in seconds.items():
        rates = [text(figure([of / each for each in took]), 0) for of in (figures.size / MB, figures.all_rows)]
        ratio = text(figure(ratios(took, seconds[baseline])), 2)
        written = [f"{figures.sizes[name] / MB:,.0f}"] if name in figures.sizes else []
        rows.append([name, text(figure(took), 2), str(len(took)), *rates, ratio, *written])
    on_disk = ["MB on disk"] if baseline in figures.sizes else []
    return markdown(["", "s", "n", "MB/s", "rows/s", "times as long", *on_disk], rows)


def _growth(growth: Growth) -> str:
    rows = []
    for name, results in growth.after.items():
        added = text(figure([result.added / MB for result in results]), 1)
        rows.append([name, str(len(results)), added, text(figure(growth.percent(name)), 1)])
    return markdown(["before it", "n", "MB added", "% of the first one's"], rows)


def _serving(kinds: Mapping[str, Mapping[str, Sequence[Times]]]) -> str:
    rows = []
    for kind, by in kinds.items():
        alone = by[serving.ALONE]
        for name, times in by.items():
            p99 = compare.p99(times)
            middle = [[turn.p50 for turn in turns] for turns in (times, alone)]
            rows.append([
                kind, name, str(len(times)), f"{compare.fewest(times):,}",
                text(figure(middle[0]), 2), text(figure(ratios(*middle)), 2),
                text(figure(p99), 2) if p99 else "",
                text(figure(found), 2) if (found := compare.optional(p99, compare.p99(alone))) else "",
            ])  # fmt: skip
    header = ["", "", "turns", "n", "p50, ms", "times as long", "p99, ms", "times as long"]
    return markdown(header, rows)


def _p99_ratios(by: Mapping[str, Sequence[Times]]) -> list[float] | None:
    return compare.optional(compare.p99(by[serving.BESIDE]), compare.p99(by[serving.ALONE]))
