"""The kinds of panels that the dashboard has: numbers, lines, and what happened when."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD, WARNING, CRITICAL = "green", "orange", "red"
Steps = Mapping[float | None, str]  # the colour from each value on; None: from below all
Panel = Builder[dashboard.Panel]
P = TypeVar("P", stat.Panel, timeseries.Panel, statetimeline.Panel)


@dataclass(frozen=True)
class Shown:
    """What a panel shows; `queries` by their legends. `unit` is Grafana's name of it, `width` is of 24."""

    title: str
    description: str
    queries: Mapping[str, str]
    unit: str = "short"
    width: int = 8

    @property
    def id(self) -> int:
        """A link to a panel holds, whichever others come or go."""
        return zlib.crc32(self.title.encode()) % 2**24


def number(
    shown: Shown,
    steps: Steps,
    *,
    decimals: int = 0,
    nothing: str = "no data",
    words: Mapping[str, str] | None = None,
    height: int = 4,
) -> stat.Panel:
    """The newest value, coloured by `steps`, and what it was before behind a single one; `words` stand for values: "0" for 0."""
    several = len(shown.queries) > 1 or "{{" in "".join(shown.queries)
    before = not (several or words)
    panel = _panel(stat.Panel().height(height), shown, now=not before).unit(shown.unit).decimals(decimals).no_value(nothing)
    return (
        panel.thresholds(_thresholds(steps))
        .color_scheme(builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .mappings(_mappings(words or {}, steps))
        .reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME if several else common.BigValueTextMode.VALUE)
        .graph_mode(common.BigValueGraphMode.AREA if before else common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
    )


def name(shown: Shown) -> Panel:
    """The legend in place of a value."""
    return number(shown, {None: "text"}, height=8).text_mode(common.BigValueTextMode.NAME)


def lines(shown: Shown, steps: Steps | None = None, *, stacked: bool = False, highest: float | None = None) -> Panel:
    """Values over time, from 0; dashed lines where `steps` begin."""
    panel = _panel(timeseries.Panel().height(8), shown).unit(shown.unit).min(0)
    panel.legend(_legend()).tooltip(
        build.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
    )
    panel.line_width(1).fill_opacity(30 if stacked else 8).show_points(common.VisibilityMode.NEVER).span_nulls(False)
    if highest:
        panel.max(highest)
    if steps:
        dashed = build.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel.thresholds(_thresholds(steps)).thresholds_style(dashed)
    if stacked:
        panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    return panel


def results(shown: Shown) -> Panel:
    """A band a series: green while it is 1, red while it is 0."""
    colours: Steps = {None: CRITICAL, 1: GOOD}
    panel = _panel(statetimeline.Panel().height(8), shown).unit(shown.unit).thresholds(_thresholds(colours))
    panel.color_scheme(builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
    return panel.mappings(_mappings({"0": "failed", "1": "good"}, colours)).legend(_legend()).row_height(0.8)


def _panel(panel: P, shown: Shown, *, now: bool = False) -> P:
    panel.id(shown.id).title(shown.title).description(shown.description).datasource(DATASOURCE).span(shown.width)
    return panel.targets(_targets(shown.queries, now=now))


def _targets(queries: Mapping[str, str], *, now: bool) -> list[Builder[Dataquery]]:
    """`now`: only what there is at the end of the time, and nothing that was there before."""
    found: list[Builder[Dataquery]] = []
    for letter, (legend, query) in zip("ABCDEFGHIJ", queries.items(), strict=False):
        target = prometheus.Dataquery().ref_id(letter).expr(query).legend_format(legend).datasource(DATASOURCE)
        found.append(target.instant() if now else target.range())
    return found


def _thresholds(steps: Steps) -> builders.ThresholdsConfig:
    found = [dashboard.Threshold(value=value, color=colour) for value, colour in ({None: GOOD} | dict(steps)).items()]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(found)


def _mappings(words: Mapping[str, str], steps: Steps) -> list[dashboard.ValueMapping]:
    """Each word in the colour of its value."""
    if not words:
        return []
    colours = {value: [colour for step, colour in steps.items() if step is None or step <= float(value)][-1] for value in words}
    return [
        dashboard.ValueMap(
            {value: dashboard.ValueMappingResult(text=word, color=colours[value]) for value, word in words.items()}
        )
    ]


def _legend() -> build.VizLegendOptions:
    return (
        build.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
