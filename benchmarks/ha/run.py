"""The parts of `ha`, each with a section of its own in RESULTS.md: together they take hours."""

import argparse
from collections.abc import Callable, Mapping
from typing import NamedTuple

from benchmarks.ha import creating, faults, moving, reading, recovering, writing
from benchmarks.results import Section


class HA(NamedTuple):
    """A part by its section's title, and what measures it."""

    title: str
    measure: Callable[[argparse.Namespace], Section]


PARTS: Mapping[str, HA] = {
    "faults": HA("faults on one node", lambda options: faults.measure(options.turns)),
    "nodes": HA("lost nodes", lambda options: faults.measure_nodes(options.turns)),
    "writes": HA("the service's writes", lambda options: writing.measure(options.turns)),
    "reads": HA("readings", lambda options: reading.measure(options.turns, options.rows)),
    "create": HA("installation", lambda options: creating.measure(options.turns)),
    "move": HA("the move between engines", lambda options: moving.measure(options.turns, options.rows)),
    "moment": HA("recovery to a moment", lambda options: recovering.measure(options.turns, options.rows)),
}
