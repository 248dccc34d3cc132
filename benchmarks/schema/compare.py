"""The chart beside a baseline, turn by turn; over 1 is in the chart's favour."""

from collections.abc import Mapping, Sequence
from statistics import geometric_mean

from benchmarks import figures
from benchmarks.schema import writes
from benchmarks.schema.databases import CHART
from benchmarks.schema.measure import Turns
from benchmarks.schema.pgbench import Times
from benchmarks.schema.writes import Written


def fewest(turns: Sequence[Times]) -> int:
    """Executions of the turn that has the fewest."""
    return min(len(times.executions) for times in turns)


def p50(times: Turns[Times], baseline: str) -> list[float]:
    """How many times the chart's p50 the baseline's is."""
    return figures.ratios([turn.p50 for turn in times[baseline]], [turn.p50 for turn in times[CHART]])


def mean_p50(kinds: Sequence[Turns[Times]], baseline: str) -> list[float]:
    """The geometric mean of all kinds' ratios, a turn each."""
    return [geometric_mean(turn) for turn in zip(*(p50(times, baseline) for times in kinds), strict=True)]


def p99(turns: Sequence[Times]) -> list[float] | None:
    """Each turn's p99; None when one of them has too few executions."""
    found = [figures.p99(times.milliseconds) for times in turns]
    enough = [value for value in found if value is not None]
    return enough if len(enough) == len(found) else None


def optional(dividends: Sequence[float] | None, divisors: Sequence[float] | None) -> list[float] | None:
    """The ratios, where both are there."""
    return figures.ratios(dividends, divisors) if dividends and divisors else None


def rate(written: Turns[Written], baseline: str) -> list[float]:
    """How many times the baseline's rows a second the chart's are."""
    return figures.ratios([turn.rate for turn in written[CHART]], [turn.rate for turn in written[baseline]])


def three_writes(by_name: Mapping[str, Turns[Written]], baseline: str) -> list[float]:
    """The same of an inquiry's three writes, one after the other."""
    took = {database: _seconds(by_name, database) for database in (baseline, CHART)}
    return figures.ratios(took[baseline], took[CHART])


def _seconds(by_name: Mapping[str, Turns[Written]], database: str) -> list[float]:
    turns = zip(*(by_name[name][database] for name in writes.OF_AN_INQUIRY), strict=True)
    return [sum(1 / written.rate for written in turn) for turn in turns]
