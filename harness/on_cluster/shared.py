"""What several processes of tests use at a time: the first starts it, the last one ends it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from typing import IO

from harness import paths


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
