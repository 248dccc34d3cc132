"""The panels of the picture: frames, numbers, lines and bands on one sheet, in pixels from its upper left corner."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from harness.dashboard.units import between, written

GROUND, PANEL, EDGE, TEXT, FAINT = "#f4f5f5", "#ffffff", "#dcdee0", "#24292e", "#6e7680"
NAMED = {"green": "#3a9a43", "orange": "#f2760a", "red": "#d6293e", "text": "#24292e"}
LINES = ("#56a64b", "#3274d9", "#e0b400", "#ff780a", "#e02f44", "#a352cc", "#14b8b8", "#8f3bb8", "#6e7680", "#c4162a")
SEOUL = timezone(timedelta(hours=9), "KST")
Box = tuple[float, float, float, float]  # left, top, width, height
Series = Mapping[str, Any]


class Sheet:
    """What is drawn on, and the time that it shows."""

    def __init__(self, figure: Figure, width: int, height: int, begin: float, end: float, step: float) -> None:
        """Nothing is on it yet. `step`: seconds between two points of a line."""
        self.figure, self.width, self.height, self.begin, self.end, self.step = figure, width, height, begin, end, step

    def span(self) -> str:
        """The time that is shown, in words."""
        begin, end = (datetime.fromtimestamp(at, UTC).astimezone(SEOUL) for at in (self.begin, self.end))
        return f"{begin:%Y-%m-%d %H:%M} - {end:%H:%M} {end:%Z}"

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Words that begin at x, around the line y."""
        self.figure.text(x / self.width, 1 - y / self.height, text, **{"color": TEXT, "va": "center"} | style)

    def axes(self, box: Box) -> Axes:
        """A place for lines."""
        left, top, width, height = box
        place = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(place)
        axes.set_facecolor("none")
        axes.set_xlim(self.begin, self.end)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0, labelsize=7, labelcolor=FAINT)
        return axes

    def panel(self, box: Box, panel: Mapping[str, Any], series: Sequence[Series]) -> None:
        """A frame with the title, and in it what the panel's kind is."""
        left, top, width, height = box
        place = (left / self.width, 1 - (top + height) / self.height)
        frame = FancyBboxPatch(
            place, width / self.width, height / self.height,
            boxstyle="square,pad=0", facecolor=PANEL, edgecolor=EDGE, linewidth=0.8,
            transform=self.figure.transFigure, zorder=-1,
        )  # fmt: skip
        self.figure.add_artist(frame)
        self.text(left + 8, top + 13, panel["title"], size=8.5, weight="bold")
        inner = (left, top + 28, width, height - 28)
        kinds = {"stat": self._numbers, "timeseries": self._lines, "state-timeline": self._bands}
        kinds[panel["type"]](inner, panel, series)

    def _numbers(self, box: Box, panel: Mapping[str, Any], series: Sequence[Series]) -> None:
        left, top, width, height = box
        defaults, options = panel["fieldConfig"]["defaults"], panel["options"]
        if not series:
            self.text(left + width / 2, top + height / 2 - 4, defaults["noValue"], size=15, ha="center", color=FAINT)
        each = width / max(len(series), 1)
        for number, one in enumerate(series):
            value, middle = one["values"][-1][1], left + each * (number + 0.5)
            colour = NAMED[_step(value, defaults["thresholds"]["steps"])]
            words = {
                key: shown["text"] for mapping in defaults.get("mappings") or () for key, shown in mapping["options"].items()
            }
            shown = words.get(f"{value:g}", written(value, defaults["unit"], defaults["decimals"], long=True))
            name = options["textMode"] == "name"
            self.text(middle, top + height * (0.42 if len(series) > 1 else 0.34), one["legend"] if name else shown,
                      size=13 if name else 15 if len(series) > 1 else 19, ha="center", weight="bold", color=colour)  # fmt: skip
            if options["textMode"] == "value_and_name":
                self.text(middle, top + height * 0.42 + 22, one["legend"], size=8.5, ha="center", color=FAINT)
            if options["graphMode"] == "area":
                axes = self.axes((left + 1, top + height * 0.62, width - 2, height * 0.38 - 1))
                axes.set_axis_off()
                _area(axes, one, colour)

    def _lines(self, box: Box, panel: Mapping[str, Any], series: Sequence[Series]) -> None:
        left, top, width, height = box
        legends = _legends([one["legend"] for one in series], width - 20)
        axes = self.axes((left + 52, top, width - 64, height - 20 - 13 * len(legends)))
        defaults = panel["fieldConfig"]["defaults"]
        stacked = defaults["custom"].get("stacking", {}).get("mode") == "normal"
        times = np.arange(self.begin, self.end, self.step)
        below, highest = np.zeros(len(times)), 0.0
        for number, one in enumerate(series):
            values = np.full(len(times), np.nan)  # where there is no point there is a gap
            for at, value in one["values"]:
                values[min(round((at - self.begin) / self.step), len(times) - 1)] = value
            colour = LINES[number % len(LINES)]
            if stacked:
                values = below + np.nan_to_num(values)
                axes.fill_between(times, below, values, color=colour, alpha=0.3, linewidth=0)
                below = values
            axes.plot(times, values, color=colour, linewidth=1.1)
            highest = max(highest, float(np.nanmax(values)))
        highest = max(highest, *(step["value"] for step in _dashed(axes, defaults)), 0)
        axes.set_ylim(0, defaults.get("max") or highest * 1.1 or 1)
        axes.yaxis.set_major_locator(
            MaxNLocator(4) if not (step := between(axes.get_ylim()[1], defaults["unit"])) else MultipleLocator(step)
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, defaults["unit"])))
        self._times(axes)
        for line, entries in enumerate(legends):
            for x, number in entries:
                y = top + height - 9 - 13 * (len(legends) - 1 - line)
                self.text(left + 10 + x, y, "\N{EM DASH}", color=LINES[number % len(LINES)], weight="bold", size=8)
                self.text(left + 25 + x, y, series[number]["legend"], color=FAINT, size=7.5)

    def _bands(self, box: Box, panel: Mapping[str, Any], series: Sequence[Series]) -> None:
        left, top, width, height = box
        axes = self.axes((left + 86, top, width - 98, height - 22))
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        for number, one in enumerate(series):
            for at, value in one["values"]:
                axes.barh(-number, self.step * 1.02, left=at, height=0.7, color=NAMED[_step(value, steps)], linewidth=0)
        axes.set_yticks([-n for n in range(len(series))], [one["legend"] for one in series])
        axes.set_ylim(-len(series) + 0.4, 0.6)
        self._times(axes)

    def _times(self, axes: Axes) -> None:
        axes.grid(color=EDGE, linewidth=0.6)
        axes.set_axisbelow(True)
        step = next(s for s in (60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400) if (self.end - self.begin) / s <= 5)
        ticks = list(range(int(self.begin // step + 1) * step, int(self.end) + 1, step))
        axes.set_xticks(ticks, [f"{datetime.fromtimestamp(at, SEOUL):%H:%M}" for at in ticks])
        axes.set_xlim(self.begin, self.end)


def _area(axes: Axes, one: Series, colour: str) -> None:
    at, values = (np.array(column) for column in zip(*one["values"], strict=True))
    low, high = float(values.min()), float(values.max())
    axes.plot(at, values, color=colour, linewidth=1)
    axes.fill_between(at, low - (high - low) * 0.2 - 1e-9, values, color=colour, alpha=0.15, linewidth=0)
    axes.set_ylim(low - (high - low) * 0.2 - 1e-9, high + (high - low) * 0.3 + 1e-9)


def _dashed(axes: Axes, defaults: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The thresholds, where the panel draws them."""
    if defaults["custom"].get("thresholdsStyle", {}).get("mode") != "dashed":
        return []
    steps = [step for step in defaults["thresholds"]["steps"] if step["value"] is not None]
    for step in steps:
        axes.axhline(step["value"], color=NAMED[step["color"]], linewidth=1.1, linestyle=(0, (4, 3)))
    return steps


def _step(value: float, steps: Sequence[Mapping[str, Any]]) -> str:
    return [str(step["color"]) for step in steps if step["value"] is None or step["value"] <= value][-1]


def _legends(names: Sequence[str], width: float) -> list[list[tuple[float, int]]]:
    """Lines of names: where each begins and which it is."""
    lines: list[list[tuple[float, int]]] = [[]]
    x = 0.0
    for number, name in enumerate(names):
        long = 26 + TextPath((0, 0), name, size=7.5).get_extents().width * 100 / 72
        if x + long > width and lines[-1]:
            lines.append([])
            x = 0.0
        lines[-1].append((x, number))
        x += long
    return lines
