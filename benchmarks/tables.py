"""Tables of RESULTS.md in Markdown."""

from collections.abc import Mapping, Sequence

from benchmarks.figures import figure, ratios, text


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first cell of the header may be empty."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_seconds(title: str, rows: Mapping[str, Sequence[float]], baseline: str | None = None) -> str:
    """A titled table: the median of each row's seconds, their number, and the ratio to the baseline, turn by turn."""
    header = ["", "s: median (min to max)", "n", *(["times as long: median (min to max)"] if baseline else [])]
    body = []
    for name, seconds in rows.items():
        compared = [text(figure(ratios(seconds, rows[baseline])), 2)] if baseline else []
        body.append([name, text(figure(seconds), 2), str(len(seconds)), *compared])
    return f"### {title}\n\n{markdown(header, body)}"
