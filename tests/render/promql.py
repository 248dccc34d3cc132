"""Which metrics a PromQL query reads."""

import re
from collections.abc import Iterator

WORDS = {"and", "or", "unless", "bool", "offset", "group_left", "group_right", "inf", "nan"}
GROUPING = r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"


def metrics(query: str) -> set[str]:
    """The names of the metrics, with a selector in braces or without, or chosen by __name__."""
    by_name = [name for names in re.findall(r'__name__=~?"([^"]*)"', query) for name in names.split("|")]
    bare = re.sub(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'", "", query)
    bare = re.sub(GROUPING, " ", re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare))
    names: list[str] = re.findall(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:])(?!\s*\()", bare)
    return {name for name in names if name.lower() not in WORDS} | set(by_name)


def selectors(query: str) -> Iterator[tuple[str, str, str]]:
    """Each selector: what is called with it or "", the metric, and the matchers between the braces with the range behind them."""
    for found in re.finditer(r"(?:(\w+)\()?([a-zA-Z_:][\w:]*)(\{[^}]*\}(?:\[[^\]]*\])?)", query):
        yield found[1] or "", found[2], found[3]
