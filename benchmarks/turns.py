"""How things are measured beside each other: in turns, each of which begins with another one."""

import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

LEAST = 5  # turns of a figure in RESULTS.md

T = TypeVar("T")
P = ParamSpec("P")


def order(things: Sequence[T], turn: int) -> list[T]:
    """All of them, from another first one each turn: A B C, then B C A, then C A B, then A B C again."""
    begin = turn % len(things)
    return [*things[begin:], *things[:begin]]


def seconds(work: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> float:
    """How long it took, by the clock on the wall."""
    begun = time.perf_counter()
    work(*arguments, **options)
    return time.perf_counter() - begun
