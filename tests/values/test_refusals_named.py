"""Every refusal of the templates is named by a test: here, or on the cluster where it needs one."""

import re

from harness import paths

TESTS = [file.read_text() for tier in ("values", "render", "cluster") for file in (paths.ROOT / "tests" / tier).glob("test_*.py")]
REFUSALS = paths.CHART / "templates" / "refusals"
ACTION = re.compile(r"\{\{.*?\}\}")
MESSAGE = re.compile(r"^[^{%\s].*|^\{\{ \$key \}\}.*", re.MULTILINE)
ENOUGH = 24  # characters in a row that are said by nothing else


def messages() -> dict[str, str]:
    """Each line that a template of refusals prints, as file: line."""
    files = {file.name: file.read_text() for file in sorted(REFUSALS.glob("_*.tpl"))}
    return {f"{name}: {line[:90]}": line for name, text in files.items() for line in MESSAGE.findall(text)}


def named(message: str) -> bool:
    """Whether a test has a run of the message's own words, however its text is broken into strings."""
    words = [part for part in ACTION.split(message) if len(part) >= ENOUGH]
    runs = {part[start : start + ENOUGH] for part in words for start in range(len(part) - ENOUGH + 1)}
    return any(run in text for run in runs for text in TESTS)


def test_every_refusal_is_named_by_a_test() -> None:
    found = messages()
    assert len(found) > 30
    assert [name for name, message in found.items() if not named(message)] == []
