"""Asks Prometheus what the dashboard asks, as Grafana does: variables chosen and replaced, legends filled in."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness import paths
from harness.dashboard.panels import Panel

Ask = Callable[..., Any]  # a path below /api/v1/ and its parameters by their names: what is in `data` of the answer
POINTS = 240  # of a line: Grafana takes as many as a panel is wide


@dataclass(frozen=True)
class Series:
    """A line of a panel: its legend, and its values by their unix times."""

    legend: str
    values: list[tuple[float, float]]


@dataclass(frozen=True)
class Looking:
    """What is looked at: a time of Prometheus. `scrape`: seconds between two scrapes, as Grafana is told of its data source."""

    ask: Ask
    begin: float
    end: float
    scrape: float = 15

    @property
    def step(self) -> float:
        """Seconds between two points."""
        return max(self.scrape, math.ceil((self.end - self.begin) / POINTS))

    def variables(self, **chosen: str) -> dict[str, str]:
        """What the dashboard's variables are: chosen by a person, or the first that there is. Raises LookupError for none."""
        found: dict[str, str] = {}
        for variable in dashboard()["templating"]["list"]:
            if variable["type"] != "query":
                continue
            name = variable["name"]
            there = list(self._label_values(replaced(variable["query"], found), backwards=variable["sort"] == 8))
            if not there or chosen.get(name, there[0]) not in there:
                raise LookupError(f"${name}: {variable['query']} gives {there}, and {chosen.get(name, 'any')} is looked for")
            found[name] = chosen.get(name, there[0])
        return found

    def _label_values(self, query: str, *, backwards: bool) -> list[str]:
        parsed = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        assert parsed, f"{query}: not a query for a label's values"
        asked = {"match[]": parsed[1], "start": str(self.begin), "end": str(self.end)}
        values: list[str] = self.ask(f"label/{parsed[2]}/values", **asked)
        return sorted(values, reverse=backwards)

    def kept(self, variables: Mapping[str, str], panels: Mapping[int, Mapping[str, Sequence[Series]]]) -> str:
        """All of it as JSON, for a picture."""
        told = {
            str(id): {legend: [asdict(one) for one in series] for legend, series in each.items()} for id, each in panels.items()
        }
        return json.dumps({"begin": self.begin, "end": self.end, "step": self.step, "variables": variables, "panels": told})

    def panels(self, variables: Mapping[str, str]) -> dict[int, dict[str, list[Series]]]:
        """The series of every panel, by the panel's id and by the legend of the query."""
        return {
            panel["id"]: {target["legendFormat"]: list(self._series(target, variables)) for target in panel["targets"]}
            for panel in dashboard()["panels"]
            if panel["type"] != "row"
        }

    def _series(self, target: Mapping[str, Any], variables: Mapping[str, str]) -> Iterator[Series]:
        over = {
            "__rate_interval": f"{max(self.step + self.scrape, 4 * self.scrape):.0f}s",
            "__range": f"{self.end - self.begin:.0f}s",
        }
        query = replaced(target["expr"], {**variables, **over})
        if target["instant"]:
            answer = self.ask("query", query=query, time=str(self.end))
        else:
            answer = self.ask("query_range", query=query, start=str(self.begin), end=str(self.end), step=str(self.step))
        for result in answer["result"]:
            points = result.get("values") or [result["value"]]
            values = [(float(at), float(value)) for at, value in points if math.isfinite(float(value))]
            if values:  # what is no number is no point of a line
                yield Series(_legend(target["legendFormat"], result["metric"]), values)


def _legend(form: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda label: labels.get(label[1], ""), form)


def dashboard() -> Any:
    """The dashboard as it is in the chart."""
    return json.loads(paths.DASHBOARD.read_text())


def queries(panels: Iterable[Panel], variables: Mapping[str, str]) -> dict[str, str]:
    """What these panels ask, by their titles and legends, with the values of the variables."""
    titles = {panel.build().title for panel in panels}
    return {
        f"{panel['title']}: {target['legendFormat']}": replaced(target["expr"], variables)
        for panel in dashboard()["panels"]
        if panel["title"] in titles
        for target in panel["targets"]
    }


def replaced(query: str, variables: Mapping[str, str]) -> str:
    """A query with the values of its variables. Raises KeyError for one that there is not."""
    return re.sub(r"\$(\w+)", lambda name: variables[name[1]], query)
