"""`nox -s bench`: measures on the local Kubernetes and writes benchmarks/RESULTS.md, beside what a user would have otherwise."""

import argparse
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks import comparing, installing, recovery, rendering, security, starting
from benchmarks.schema import drawing, measure, report
from harness.progress import say

RESULTS = Path(__file__).parent / "RESULTS.md"
PICTURE = Path(__file__).parent / "schema.svg"
PARTS = {
    "install": installing.measure,
    "template": rendering.measure,
    "security": security.measure,
    "recovery": recovery.measure,
    "up": starting.measure,
}
COMPARE = "compare"  # takes others' charts
SCHEMA = "schema"  # an hour and 40 GB: only when it is named


def table(title: str, rows: Mapping[str, Sequence[float]], baseline: str | None) -> str:
    """Markdown: a row each with the median, smallest and largest of its seconds, and the ratio of medians to the baseline."""
    lines = [f"## {title}", "", "| | median s | min | max | ratio |", "| --- | --- | --- | --- | --- |"]
    for name, seconds in rows.items():
        ratio = f"{median(seconds) / median(rows[baseline]):.2f}" if baseline else ""
        lines.append(f"| {name} | {median(seconds):.2f} | {min(seconds):.2f} | {max(seconds):.2f} | {ratio} |")
    return "\n".join(lines)


def machine() -> str:
    """One line on the machine and the day."""
    cpu = next((line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return f"{cores} cores ({cpu}), {memory:.0f} GiB, Linux {platform.release()}, {datetime.now(UTC):%Y-%m-%d}"


def main() -> int:
    """Measure the parts named, or all, and replace their sections of RESULTS.md."""
    parser = argparse.ArgumentParser(prog="nox -s bench --")
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[[], *PARTS, COMPARE, SCHEMA],
        help="default: all but compare, schema, and up, which ends the local cluster",
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--from-nothing", action="store_true", help="part up: also a first build with empty caches, about 20 minutes"
    )
    parser.add_argument(
        "--against", action="append", default=[], metavar="CHART[,VALUES]", help="part compare: another chart's folder"
    )
    parser.add_argument("--rows", type=int, default=5_000_000, help="part schema: rows of each history table")
    parser.add_argument("--seconds", type=float, default=10, help="part schema: how long each kind of reading is repeated")
    parser.add_argument("--keep", action="store_true", help="part schema: keep the loaded data, and use what was kept")
    options = parser.parse_args()
    sections = dict(_sections())
    for part in options.parts or [part for part in PARTS if part != "up"]:
        say(f"measuring: {part}")
        if part == SCHEMA:
            figures = measure.figures(options.rows, options.seconds, options.keep)
            PICTURE.write_text(drawing.svg(figures))
            sections |= {title: f"## {title}\n\n{text}\n\n{machine()}" for title, text in report.markdown(figures).items()}
            RESULTS.write_text(_HEAD + "\n\n".join(sections.values()) + "\n")
            continue
        tables = (
            comparing.measure(options.runs, options.against)
            if part == COMPARE
            else PARTS[part](options.runs, options.from_nothing)
        )
        for title, rows, baseline in tables:
            sections[title] = table(title, rows, baseline) + f"\n\n{machine()}"
            RESULTS.write_text(_HEAD + "\n\n".join(sections.values()) + "\n")
    print(RESULTS.read_text())
    return 0


_HEAD = """# Figures

Made by `nox -s bench`; each section names its machine and day. Times are seconds of the wall clock, and a ratio compares medians
of the same run.

"""


def _sections() -> list[tuple[str, str]]:
    if not RESULTS.exists():
        return []
    parts = RESULTS.read_text().split("\n## ")[1:]
    return [(part.partition("\n")[0], f"## {part.rstrip()}") for part in parts]


if __name__ == "__main__":
    sys.exit(main())
