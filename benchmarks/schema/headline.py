"""What remains, in sentences: the chart against both baselines."""

from benchmarks.figures import figure
from benchmarks.figures import text as spread
from benchmarks.schema import compare, reads
from benchmarks.schema.databases import CHART, DESIGN, LABELS, LINES
from benchmarks.schema.measure import Figures


def text(figures: Figures) -> str:
    """A paragraph each baseline."""
    return "\n\n".join(_against(figures, baseline) for baseline in (DESIGN, LINES))


def _against(figures: Figures, baseline: str) -> str:
    kinds = {name: times for name, times in figures.reads.items() if name != reads.CONTROL}
    reading = spread(figure(compare.mean_p50(list(kinds.values()), baseline)), 2)
    writing = spread(figure(compare.three_writes(figures.writes, baseline)), 2)
    size = sum(figures.sizes[baseline].values()) / sum(figures.sizes[CHART].values())
    middles = {name: figure(compare.p50(times, baseline)).middle for name, times in kinds.items()}
    slower = [f"{name} ({middle:.2f})" for name, middle in middles.items() if middle < 1]
    return (
        f"**Beside {LABELS[baseline]}**, a reading's p50 is {reading} times the chart's, in geometric mean of {len(kinds)} kinds."
        f" The chart does {writing} times as many inquiries' writes a second. The database is {size:.2f} times as large as the"
        f" chart's. The chart reads slower in {len(slower)} of {len(kinds)} kinds{': ' if slower else ''}{', '.join(slower)}."
    )
