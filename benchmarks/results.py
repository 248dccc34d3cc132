"""RESULTS.md: a section each part of the benchmark, of which a run replaces its own and leaves the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import figures, turns

FILE = Path(__file__).parent / "RESULTS.md"
HEAD = f"""# Figures

Written by `nox -s bench`, each part by a run of its own, whose last line names the machine, the server and the day. A figure is
the median of {turns.LEAST} turns or more with its spread (min to max); n says how many there are. What is compared is measured in
turns that begin with another one each time (A B C, B C A, …), after a warm-up. A ratio is taken within each turn, then treated as
any other figure. A p99 is given where every turn has {figures.ENOUGH_FOR_P99:,} executions or more, the p50 everywhere. Seconds
are those of the wall clock.
"""


@dataclass(frozen=True)
class Section:
    """What a part found, and what it measured with: the server and its image, or a program."""

    text: str
    measured_with: str


def replaced(results: str, title: str, body: str, titles: Sequence[str]) -> str:
    """The file's text with this section in place of its predecessor. Sections are those of `titles`, in that order; others go."""
    found = _sections(results) | {title: body}
    return "\n".join([HEAD, *(f"## {name}\n\n{found[name].strip()}\n" for name in titles if name in found)])


def _sections(results: str) -> dict[str, str]:
    parts = ("\n" + results).split("\n## ")[1:]
    return {title: body for title, _, body in (part.partition("\n") for part in parts)}
