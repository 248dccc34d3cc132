"""The one way to wait for something that nobody tells us of: ask again until it is so, and say what was waited for."""

import time
from collections.abc import Callable
from typing import TypeVar

from harness.errors import UserError

T = TypeVar("T")
REST, LONGEST_REST = 2, 1.0


class WaitError(UserError):
    """What was waited for did not come; the message says what, how long, and what was seen last."""


def wait_for(ask: Callable[[], T], what: str, seconds: float = 120, seen: Callable[[], str] = str, every: float = 0.05) -> T:
    """Ask until the answer is true in Python's sense, and return it.

    The time is a limit for something that hangs, not a claim about how long it takes: make it generous. Raises WaitError after
    `seconds` with what `seen` then returns (a log's end, a status). It rests at least twice as long as an answer takes: who
    starts kubectl again and again keeps a processor from what is waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        begun = time.monotonic()
        if answer := ask():
            return answer
        now = time.monotonic()
        if now > deadline:
            raise WaitError(f"waited {seconds:g} s in vain for {what}\n{seen()}".rstrip())
        time.sleep(max(every, min(LONGEST_REST, REST * (now - begun))))


def wait_for_words(log: Callable[[], str], words: str, seconds: float = 120) -> str:
    """Ask for a log until the words are in it; returns it as it then was. Raises WaitError with the log."""

    def matching() -> str:
        text = log()
        return text if words in text else ""

    return wait_for(matching, f"{words!r} in a log", seconds, seen=log)
