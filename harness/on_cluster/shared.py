"""What several processes of tests use at a time: the first starts it, the last one ends it; and how few may do the same."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from typing import IO

from harness import paths
from harness.waiting import wait_for

LONGEST = 3600  # seconds that somebody waits for others


@contextmanager
def shared(name: str, start: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Have what `start` starts for the block. `start` finds what a killed run left, and takes it over or removes it."""
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with (paths.RUN / f"{name}.starting").open("a") as starting, (paths.RUN / f"{name}.using").open("a") as using:
        with _alone(starting):
            if _nobody_else(using):
                start()
            flock(using, LOCK_SH)
        try:
            yield
        finally:
            with _alone(starting):
                flock(using, LOCK_UN)
                if _nobody_else(using):
                    stop()


@contextmanager
def at_most(number: int, name: str) -> Iterator[None]:
    """Wait until fewer than so many processes do what this name is for, and be one of them for the block."""
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        places = [stack.enter_context((paths.RUN / f"{name}.{each}").open("a")) for each in range(number)]
        wait_for(lambda: any(map(_nobody_else, places)), f"a place among {number} of {name}", LONGEST, every=0.5)
        yield


@contextmanager
def _alone(lock: IO[str]) -> Iterator[None]:
    flock(lock, LOCK_EX)
    try:
        yield
    finally:
        flock(lock, LOCK_UN)


def _nobody_else(using: IO[str]) -> bool:
    try:
        flock(using, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True
