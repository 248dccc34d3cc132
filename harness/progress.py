"""What a person sees while something long runs: one line when it starts, one with its seconds when it ends."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    """Print one line at once, also through a pipe, and whole, also beside another thread's."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce `text`, run the block, then say how many seconds it took; a failure is said too and passed on."""
    say(f"→ {text} …")
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"✗ {text}: failed after {time.monotonic() - begun:.1f} s")
        raise
    say(f"✓ {text}: {time.monotonic() - begun:.1f} s")
