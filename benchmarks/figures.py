"""What is made of measurements: a median with its spread, ratios turn by turn, and a p99 where there is enough for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

ENOUGH_FOR_P99 = 1_000  # executions: ten of them are slower than the p99


@dataclass(frozen=True)
class Figure:
    """The median of the turns' values, the smallest, the largest, and how many there are."""

    middle: float
    least: float
    most: float
    n: int


def figure(values: Sequence[float]) -> Figure:
    """One figure of the turns' values. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no turn was measured")
    return Figure(median(values), min(values), max(values), len(values))


def ratios(dividends: Sequence[float], divisors: Sequence[float]) -> list[float]:
    """Each turn's own ratio, so that what a turn was slowed down by slows both. Raises ValueError for unlike numbers of turns."""
    return [dividend / divisor for dividend, divisor in zip(dividends, divisors, strict=True)]


def p99(executions: Sequence[float]) -> float | None:
    """What 99 % of the executions do not exceed; None when they are fewer than ENOUGH_FOR_P99."""
    if len(executions) < ENOUGH_FOR_P99:
        return None
    return quantiles(executions, n=100, method="inclusive")[98]


def text(found: Figure, digits: int) -> str:
    """The median and in brackets its spread: `1.20 (1.10 to 1.40)`."""
    return f"{found.middle:,.{digits}f} ({found.least:,.{digits}f} to {found.most:,.{digits}f})"
