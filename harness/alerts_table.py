"""The table of alerts in docs/alerts.md, of the rules and their values: `python -m harness.alerts_table` writes it anew."""

import re
from pathlib import Path
from typing import Any

import yaml

from harness import paths

DOCUMENT = paths.ROOT / "docs" / "alerts.md"
BEGIN, END = "<!-- alerts -->\n", "<!-- end of alerts -->"


def main() -> None:
    """Write the document anew where it is out of date."""
    if DOCUMENT.read_text() != document():
        DOCUMENT.write_text(document())


def document() -> str:
    """What the document should hold."""
    values = (paths.CHART / "values.yaml").read_text()
    tuned = yaml.safe_load(values)["metrics"]["alerts"]["rules"]
    head, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    rows = "".join(_row(name, tuned[name], _what(name, values)) for name in tuned)
    return (
        f"{head}{begin}| alert | severity | defaults | they are |\n| --- | --- | --- | --- |\n{rows}{END}{rest.partition(END)[2]}"
    )


def _row(name: str, defaults: dict[str, Any], what: str) -> str:
    rule = Path(paths.CHART / "monitoring" / "alerts" / f"{name}.yaml").read_text()
    found = re.search(r"^  severity: (\w+)$", rule, re.MULTILINE)
    assert found, f"{name}.yaml has no severity"
    given = ", ".join(f"{key} {value}" for key, value in defaults.items())
    return f"| [{name}](runbooks/{name}.md) | {found[1]} | {given} | {what} |\n"


def _what(name: str, values: str) -> str:
    found = re.search(rf"((?:^      # .*\n)+)^      {name}: ", values, re.MULTILINE)
    assert found, f"{name} has no comment in values.yaml"
    return " ".join(line.strip().removeprefix("# ") for line in found[1].splitlines()).removeprefix("-- ")


if __name__ == "__main__":
    main()
