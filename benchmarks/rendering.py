"""helm template of the chart, beside that of a chart with one ConfigMap."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness import paths
from harness.helm_template import PREVIEW, template

EMPTY = {
    "Chart.yaml": "apiVersion: v2\nname: empty\nversion: 0.1.0\n",
    "templates/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: empty\n",
}


def measure(runs: int, _: bool) -> Iterator[tuple[str, dict[str, list[float]], str]]:
    """One table: seconds a `helm template`, four times `runs` of each, taken in turns."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in EMPTY.items():
            file = Path(folder) / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
        rows: dict[str, list[float]] = {"an empty chart": [], "billdb": []}
        for _run in range(4 * runs):
            for name, chart in (("an empty chart", Path(folder)), ("billdb", paths.CHART)):
                begun = time.perf_counter()
                template(PREVIEW, chart=chart)
                rows[name].append(time.perf_counter() - begun)
    yield "helm template", rows, "an empty chart"
