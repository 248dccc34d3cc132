"""The cache that checkouts share: one process at a time writes it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from harness import paths
from harness.progress import say


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """Hold the folder `name` of the cache for writing, waiting for another run that holds it; gives the folder."""
    folder = paths.CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            say(f"another run is writing {folder}; this one goes on when that is done")
            flock(lock, LOCK_EX)
        yield folder


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty folder `root` in a folder of its own, which is removed afterwards; so is what a killed run left."""
    scratch = folder / "unfinished"
    shutil.rmtree(scratch, ignore_errors=True)
    root = scratch / "root"
    root.mkdir(parents=True)
    root.chmod(0o755)  # becomes the image's /
    try:
        yield root
    finally:
        shutil.rmtree(scratch)
