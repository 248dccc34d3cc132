"""Draws the dashboard from what a Prometheus answered: `python -m harness.dashboard.picture ANSWERS.json PICTURE.png`.

ANSWERS is what harness.dashboard.asking kept. Grafana is not run for it.
"""

import json
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from harness import paths
from harness.dashboard import drawn

WIDTH, HEIGHT, CELL = 1320, 24, 55  # pixels: of the picture, of a line of the grid, of a column
HEAD, EDGE = 64, 4


def main(answers: Path, picture: Path) -> None:
    """Write the picture, with as few colours as keep it small."""
    _fonts()
    whole = _figure(json.loads(paths.DASHBOARD.read_text()), json.loads(answers.read_text()))
    whole.savefig(picture, dpi=100)
    with Image.open(picture) as image:
        image.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            picture, optimize=True
        )


def _fonts() -> None:
    """A font with Hangul; the package that brings it is not imported: that needs a module that Python no longer has."""
    package = find_spec("koreanize_matplotlib")
    assert package, "koreanize-matplotlib is not installed: nox -s picture"
    for place in package.submodule_search_locations or ():
        for file in Path(place).glob("fonts/*.ttf"):
            font_manager.fontManager.addfont(file)
    mpl.rc("font", family="NanumGothic", size=8)
    mpl.rc("axes", unicode_minus=False)


def _figure(dashboard: Mapping[str, Any], answers: Mapping[str, Any]) -> Figure:
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    height = HEAD + rows * HEIGHT + EDGE
    figure = Figure(figsize=(WIDTH / 100, height / 100), facecolor=drawn.GROUND)
    sheet = drawn.Sheet(figure, WIDTH, height, answers["begin"], answers["end"], answers["step"])
    sheet.text(EDGE * 3, 24, dashboard["title"], size=13, weight="bold")
    chosen = [f"{v['label']}: {answers['variables'][v['name']]}" for v in dashboard["templating"]["list"] if v["type"] == "query"]
    sheet.text(EDGE * 3, 48, "     ".join([*chosen, sheet.span()]), size=9, color=drawn.FAINT)
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        box = (at["x"] * CELL + EDGE, HEAD + at["y"] * HEIGHT + EDGE, at["w"] * CELL - 2 * EDGE, at["h"] * HEIGHT - 2 * EDGE)
        if panel["type"] == "row":
            sheet.text(box[0] + EDGE, box[1] + 13, panel["title"], size=10.5, weight="bold")
        else:
            sheet.panel(box, panel, [one for series in answers["panels"][str(panel["id"])].values() for one in series])
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
