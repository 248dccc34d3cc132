"""`nox -s bench`: measures on the local Kubernetes, beside what a user would have otherwise, and writes benchmarks/RESULTS.md."""

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

from benchmarks import comparing, installing, machine, recovery, rendering, results, security, starting, turns
from benchmarks.backup import run as backup
from benchmarks.ha import run as ha
from benchmarks.monitoring import run as monitoring
from benchmarks.results import Section
from benchmarks.schema import run as schema
from harness.kubernetes import CommandError
from harness.local.machine import MachineError
from harness.progress import say
from harness.waiting import WaitError


class Part(NamedTuple):
    """A part by its section's title, and what measures it."""

    title: str
    measure: Callable[[argparse.Namespace], Section]
    by_default: bool = False


PARTS = {
    "schema": Part(
        "Schema and indexes", lambda options: schema.measure(options.turns, options.rows, options.seconds, options.keep)
    ),
    "install": Part("Installation and upgrade", lambda options: installing.measure(options.turns), by_default=True),
    "template": Part("Rendering", lambda options: rendering.measure(options.turns), by_default=True),
    "security": Part("Security", lambda options: security.measure(options.turns), by_default=True),
    "recovery": Part("Recovery", lambda options: recovery.measure(options.turns)),
    "backup": Part("Backup and restore", lambda options: backup.measure(options.turns, options.rows)),
    "monitoring": Part("Monitoring", lambda options: monitoring.measure(options.turns, options.rows)),
    **{f"ha {name}": Part(f"High availability: {part.title}", part.measure) for name, part in ha.PARTS.items()},
    "compare": Part("Other charts", lambda options: comparing.measure(options.turns, options.against)),
    "up": Part("nox -s up", lambda options: starting.measure(options.turns)),
}


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The parsed command line; too few turns are refused, unless nothing is written."""
    default = [name for name, part in PARTS.items() if part.by_default]
    shown = [name for name in PARTS if not name.startswith("ha ")] + [f"ha, or of it alone: ha {' '.join(ha.PARTS)}"]
    parser = argparse.ArgumentParser(prog="nox -s bench --")
    parser.add_argument(
        "parts", nargs="*", help=f"of {', '.join(shown)}; default: {', '.join(default)}; up ends the local cluster"
    )
    parser.add_argument("--turns", type=int, default=turns.LEAST, help=f"default, and the fewest: {turns.LEAST}")
    parser.add_argument("--quick", action="store_true", help="a trial: fewer turns are taken, the figures are only printed")
    parser.add_argument(
        "--against", action="append", default=[], metavar="CHART[,VALUES]", help="part compare: another chart's folder"
    )
    parser.add_argument(
        "--rows", type=int, default=schema.ROWS, help="parts schema, backup, monitoring and ha: rows of each history table"
    )
    parser.add_argument("--seconds", type=int, default=schema.SECONDS, help="part schema: of each reading in each turn")
    parser.add_argument("--keep", action="store_true", help="part schema: keep the loaded data, and use what was kept")
    given = parser.parse_args(arguments)
    given.parts = _named(given.parts) or default
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(shown)}")
    if given.turns < (1 if given.quick else turns.LEAST):
        parser.error(f"--turns={given.turns}: RESULTS.md takes figures of {turns.LEAST} turns or more; add --quick for a trial")
    return given


def _named(words: list[str]) -> list[str]:
    """The parts by these words: those of `ha` follow it, and are all of it where none does."""
    if "ha" not in words:
        return words
    place = words.index("ha")
    own = [word for word in words[place + 1 :] if word in ha.PARTS]
    others = [word for word in words[place + 1 :] if word not in ha.PARTS]
    return [*words[:place], *(f"ha {word}" for word in own or ha.PARTS), *others]


def main() -> int:
    """Measure the parts named, or the default ones, each into its section of RESULTS.md."""
    given = options()
    for name in given.parts:
        say(f"measuring: {name}")
        part = PARTS[name]
        section = part.measure(given)
        body = f"{section.text}\n\n{machine.footer(section)}"
        print(f"## {part.title}\n\n{body}\n", flush=True)
        if not given.quick:
            titles = [each.title for each in PARTS.values()]
            results.FILE.write_text(results.replaced(results.FILE.read_text(), part.title, body, titles))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (MachineError, CommandError, WaitError) as error:
        sys.exit(f"bench: {error}")
