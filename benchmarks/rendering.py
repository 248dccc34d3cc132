"""helm template of the chart, beside that of a chart with one ConfigMap."""

import subprocess
import tempfile
from pathlib import Path

from benchmarks import tables, turns
from benchmarks.results import Section
from harness import paths
from harness.helm_template import PREVIEW, template

EMPTY = {
    "Chart.yaml": "apiVersion: v2\nname: empty\nversion: 0.1.0\n",
    "templates/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: empty\n",
}
BASELINE = "a chart of one ConfigMap"


def measure(number: int) -> Section:
    """One table: seconds of a `helm template`, four times as many turns as asked for, since each is short."""
    with tempfile.TemporaryDirectory() as folder:
        _write_chart(Path(folder))
        charts = {BASELINE: Path(folder), "billdb": paths.CHART}
        for chart in charts.values():
            template(PREVIEW, chart=chart)
        seconds: dict[str, list[float]] = {name: [] for name in charts}
        for turn in range(4 * number):
            for name in turns.order(list(charts), turn):
                seconds[name].append(turns.seconds(template, PREVIEW, chart=charts[name]))
    return Section(tables.of_seconds("helm template", seconds, BASELINE), f"helm {_version()}")


def _write_chart(folder: Path) -> None:
    for name, content in EMPTY.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)


def _version() -> str:
    command = [str(paths.BIN / "helm"), "version", "--template={{.Version}}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
