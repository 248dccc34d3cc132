"""Values as Grafana writes them, by its names of units."""

from collections.abc import Sequence

TIMES = (("s", 60), ("min", 60), ("h", 24), ("d", 7), ("wk", 0))
LONG_TIMES = (("seconds", 60), ("minutes", 60), ("hours", 24), ("days", 7), ("weeks", 0))
BYTES = (("B", 1024), ("KiB", 1024), ("MiB", 1024), ("GiB", 1024), ("TiB", 0))
SHORT = (("", 1000), ("K", 1000), ("Mil", 1000), ("Bil", 0))


def written(value: float, unit: str, decimals: int | None = None, *, long: bool = False) -> str:
    """A number with its unit: 2.5 KiB, 80%, 1.2 days; `long` for a number alone, not for an axis."""
    match unit:
        case "percent":
            return f"{_rounded(value, decimals)}%"
        case "bytes":
            return _scaled(value, BYTES, decimals)
        case "Bps":
            return _scaled(value, BYTES, decimals) + "/s"
        case "s":
            return _scaled(value, LONG_TIMES if long else TIMES, decimals)
        case "ms":
            return f"{_rounded(value, decimals)} ms"
        case "ops":
            return _scaled(value, SHORT, decimals) + " ops/s"
        case "none":
            return _rounded(value, decimals)
        case "short":
            return _scaled(value, SHORT, decimals)
    raise ValueError(f"{unit}: no way to write this unit yet")


def between(highest: float, unit: str) -> float | None:
    """What lies between two lines of an axis, for units whose round values are not those of ten."""
    if unit in ("bytes", "Bps"):
        steps = [float(count * 1024**power) for power in range(5) for count in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)]
    elif unit == "s":
        steps = [
            *(1.0, 2, 5, 10, 15, 30),
            *(60 * m for m in (1, 2, 5, 10, 15, 30)),
            *(3600 * h for h in (1, 2, 4, 6, 12, 24, 48)),
        ]
    else:
        return None
    return next((step for step in steps if 1 <= highest / step <= 5), None)


def _scaled(value: float, scale: Sequence[tuple[str, int]], decimals: int | None) -> str:
    for name, factor in scale:
        if not factor or abs(value) < factor:
            return f"{_rounded(value, decimals)} {name}".strip()
        value /= factor
    raise AssertionError("the last factor is 0")


def _rounded(value: float, decimals: int | None) -> str:
    """Three digits that count, where nobody says how many."""
    text = f"{value:.{decimals}f}" if decimals is not None else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return text.rstrip("0").rstrip(".") if "." in text and decimals is None else text
