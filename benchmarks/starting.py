"""`nox -s up`, without nox's own second: from warm caches, and again when it is up."""

import subprocess
import sys

from benchmarks import tables, turns
from benchmarks.results import Section

WARM, AGAIN = "from warm caches", "again, when it is up"


def measure(number: int) -> Section:
    """One table; each turn ends the local cluster first."""
    rows: dict[str, list[float]] = {WARM: [], AGAIN: []}
    _run("harness.up")  # to warm up
    for _turn in range(number):
        _run("harness.down")
        for name in rows:
            rows[name].append(turns.seconds(lambda: _run("harness.up")))
    return Section(tables.of_seconds("To a verified database", rows), "`python -m harness.up`")


def _run(module: str) -> None:
    subprocess.run([sys.executable, "-m", module], check=True, stdout=subprocess.DEVNULL)
