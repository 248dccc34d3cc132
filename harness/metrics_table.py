"""Makes the table of metrics in docs/monitoring.md from chart/monitoring/queries: `python -m harness.metrics_table`."""

from collections.abc import Iterator
from typing import Any

import yaml

from harness import paths

DOCUMENT = paths.ROOT / "docs" / "monitoring.md"
BEGIN, END = "<!-- metrics -->\n", "<!-- end of metrics -->"


def queries() -> dict[str, dict[str, Any]]:
    """Each query of the chart's own by its name, as the exporter reads it."""
    files = sorted((paths.CHART / "monitoring" / "queries").glob("*.yaml"))
    return {name: query for file in files for name, query in yaml.safe_load(file.read_text()).items()}


def document() -> str:
    """What the document should hold."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    rows = "".join(f"| `{name}` | {labels} | {words} | {seconds} s |\n" for name, labels, words, seconds in _rows())
    table = f"| metric | labels | what it is | asked every |\n| --- | --- | --- | --- |\n{rows}"
    return f"{before}{BEGIN}{table}{END}{rest.partition(END)[2]}"


def _rows() -> Iterator[tuple[str, str, str, int]]:
    for name, query in queries().items():
        columns = {column: how for metric in query["metrics"] for column, how in metric.items()}
        labels = ", ".join(column for column, how in columns.items() if how["usage"] == "LABEL")
        for column, how in columns.items():
            if how["usage"] != "LABEL":
                yield f"{name}_{column}", labels, str(how["description"]), query["cache_seconds"]


if __name__ == "__main__":
    DOCUMENT.write_text(document())
