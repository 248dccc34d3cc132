"""The nodes beside the first: those of `nox -s up -- --nodes`, and those that tests have for themselves."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from types import MappingProxyType

from harness import paths
from harness.local import addons, cluster, image_copies, machine, node, switch
from harness.local.extra import Extra as Extra  # what `joined` gives
from harness.local.extra import existing
from harness.local.switch import CONTROL_PLANE as CONTROL_PLANE  # whom a test's node is cut off from

FIRST, LAST = 2, 200  # the numbers; 1 is the node with the control plane


@contextmanager
def joined(
    count: int, small: bool = False, archives: Mapping[str, Path] = MappingProxyType({}), numbers: range = range(FIRST, LAST)
) -> Iterator[list[Extra]]:
    """Have this many nodes of one's own, tainted, until the block ends: the first free of these numbers.

    What a killed run left is removed before.
    """
    owner = (os.getpid(), node.start_time(os.getpid()))
    made: list[Extra] = []
    try:
        with _alone():
            _dismiss()
            switch.ensure(node.first(), paths.RUN / "switch.log")
            free = (number for number in numbers if number not in {each.number for each in existing()})
            for _ in range(count):
                made.append(Extra(next(free), small, owner))
                made[-1].start(lambda running: cluster.load(running, dict(archives)))
        yield made
    finally:
        with _alone():
            for each in made:
                each.leave()


def ensure(count: int, small: bool = False) -> None:
    """Have this many nodes with the first; those that were there run again where they do not. Those of killed tests go."""
    with _alone():
        _dismiss()
        kept = {each.number: each for each in existing() if not each.owner}
        for number in range(FIRST, FIRST + count - 1):
            kept.setdefault(number, Extra(number, small))
        if kept:
            switch.ensure(node.first(), paths.RUN / "switch.log")
        for each in kept.values():
            if not (each.runs and addons.node_is_ready(each.name)):
                each.start(image_copies.give)


def _dismiss() -> None:
    """End the nodes of tests that have ended without doing so."""
    for each in existing():
        if each.owner and node.start_time(each.owner[0]) != each.owner[1]:
            each.leave()


@contextmanager
def _alone() -> Iterator[None]:
    machine.require_root()
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with (paths.RUN / "nodes.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield
