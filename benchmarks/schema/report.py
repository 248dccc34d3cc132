"""The figures as Markdown."""

from collections.abc import Mapping
from math import exp, log

from benchmarks.schema import writes
from benchmarks.schema.measure import Figures
from benchmarks.schema.retention import WORKS, Deleted, Work


def markdown(figures: Figures) -> dict[str, str]:
    """Sections of RESULTS.md by title."""
    title = f"{figures.rows:,} inquiries and {figures.rows:,} calls to KOS: "
    return {
        title + "reading": _reads(figures),
        title + "writing": _writes(figures),
        title + "on disk": _sizes(figures),
        **{title + work.name: _deleted(work, figures.retention[work.name]) for work in WORKS},
    }


def _reads(figures: Figures) -> str:
    lines = ["| milliseconds | design p50 | p99 | n | chart p50 | p99 | n | p99 ratio |", "| --- " * 8 + "|"]
    ratios = []
    for name, times in figures.reads.items():
        design, chart = times["design"], times["chart"]
        ratios.append(design.p99 / chart.p99)
        lines.append(
            f"| {name} | {design.p50:,.1f} | {design.p99:,.1f} | {len(design.milliseconds):,} "
            f"| {chart.p50:,.1f} | {chart.p99:,.1f} | {len(chart.milliseconds):,} | {ratios[-1]:,.1f} |"
        )
    mean = geometric_mean(ratios)
    lines.append(f"| **geometric mean of the ratios** | | | | | | | **{mean:,.1f}** |")
    return "\n".join([*lines, "", "20 connections; a page with its count is one execution. ![p99](schema.svg)"])


def _writes(figures: Figures) -> str:
    lines = ["| | design a second | chart | ratio | design WAL bytes a row | chart | ratio |", "| --- " * 7 + "|"]
    for name, written in figures.writes.items():
        design, chart = written["design"], written["chart"]
        lines.append(
            f"| {name} | {design.times.rate:,.0f} | {chart.times.rate:,.0f} | {chart.times.rate / design.times.rate:.2f} "
            f"| {design.wal:,.0f} | {chart.wal:,.0f} | {design.wal / chart.wal:.2f} |"
        )
    pairs = [figures.writes[name] for name in writes.OF_AN_INQUIRY]
    before, after = (1 / sum(1 / pair[database].times.rate for pair in pairs) for database in ("design", "chart"))
    lines.append(f"| **the three writes of an inquiry** | {before:,.0f} | {after:,.0f} | **{after / before:.2f}** | | | |")
    bound, compared = figures.bound.times.rate, figures.writes[writes.INQUIRY]["design"].times.rate
    lines.append(f"| (insert of an inquiry, the keys alone) | {compared:,.0f} | {bound:,.0f} | {bound / compared:.2f} | | | |")
    return "\n".join(lines)


def _sizes(figures: Figures) -> str:
    lines = ["| MiB | design | chart | ratio |", "| --- " * 4 + "|"]
    for kind in ("tables", "indexes"):
        lines.append(_size(kind, *(figures.sizes[database][kind] for database in ("design", "chart"))))
    lines.append(_size("together", *(sum(figures.sizes[database].values()) for database in ("design", "chart"))))
    return "\n".join(lines)


def _size(name: str, design: int, chart: int) -> str:
    return f"| {name} | {design / 2**20:,.0f} | {chart / 2**20:,.0f} | {design / chart:.2f} |"


def _deleted(work: Work, figures: Mapping[str, Deleted]) -> str:
    lines = [
        "| | rows | seconds | p50 ms of clients | p99 | longest | MiB before | after, vacuumed | with as many new rows |",
        "| --- " * 9 + "|",
    ]
    for database, deleted in figures.items():
        clients = deleted.meanwhile
        sizes = " | ".join(f"{size / 2**20:,.0f}" for size in (deleted.before, deleted.after, deleted.refilled))
        lines.append(
            f"| {database}: {work.ways[database]} | {deleted.rows:,} | {deleted.seconds:,.1f} "
            f"| {clients.p50:,.1f} | {clients.p99:,.1f} | {clients.milliseconds[-1]:,.1f} | {sizes} |"
        )
    return "\n".join(lines)


def geometric_mean(values: list[float]) -> float:
    """The n-th root of the product."""
    return exp(sum(map(log, values)) / len(values))
