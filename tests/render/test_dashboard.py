"""The dashboard, held to what dashboard-linter asks for, which is not published as a module that builds.

Not to its rules on `job` and `instance`: our series are chosen by their namespace and server, whoever scrapes them.
"""

import json
import re
from typing import Any

from harness import paths
from harness.chart import render
from harness.dashboard import document
from tests.render import promql

FILE = "billdb-phonebill-dev-postgresql-bill-inquiry.json"
NAME = "postgresql-bill-inquiry-dashboard"
DASHBOARD = json.loads(paths.DASHBOARD.read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ROWS = [panel for panel in DASHBOARD["panels"] if panel["type"] == "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
# Section 8.1 of the install plan; the names are as it has them.
PLANNED = {"CPU 사용률": 80, "Memory 사용률": 85, "Disk 사용률": 80, "Connection 수": 80, "평균 응답시간": 100}


def test_the_file_is_what_the_generator_writes() -> None:
    [(file, text)] = document.documents().items()
    assert file.read_text() == text, "run python -m harness.dashboard.document"


def test_it_is_a_configmap_that_grafanas_sidecar_finds() -> None:
    [made] = [o for o in render({"metrics": {"dashboard": {"enabled": True}}}).of("ConfigMap") if o["metadata"]["name"] == NAME]
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {name: json.loads(text) for name, text in made["data"].items()} == {FILE: DASHBOARD}
    folder = {"labels": {"grafana_dashboard": None, "dashboards": "yes"}, "annotations": {"folder": "Databases"}}
    moved = render({"metrics": {"dashboard": {"enabled": True} | folder}})["ConfigMap", NAME]["metadata"]
    assert (moved["labels"].get("grafana_dashboard"), moved["labels"]["dashboards"]) == (None, "yes")
    assert moved["annotations"] == {"folder": "Databases"}
    assert ("ConfigMap", NAME) not in render()


def test_the_first_line_has_the_plans_five_thresholds() -> None:
    line = [panel for panel in PANELS if panel["gridPos"]["y"] == 0]
    first = {panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] for panel in line[1:]}
    assert {re.sub(r".*\((.*)\)", r"\1", title): value for title, value in first.items()} == PLANNED
    assert sum(panel["gridPos"]["w"] for panel in line) == 24


def test_links_to_the_dashboard_and_to_its_panels_hold() -> None:
    ids = {panel["title"]: panel["id"] for panel in PANELS}
    assert DASHBOARD["uid"] == "billdb-postgresql"
    assert ids["Mean response (평균 응답시간)"] == 16367381
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert len(ids) == len(PANELS), "two panels of the same title have the same id"


def test_each_panel_says_what_it_shows_in_which_unit_and_names_each_series() -> None:
    dumb = {
        panel["title"]
        for panel in PANELS
        if not panel["description"].endswith(".")
        or not panel["fieldConfig"]["defaults"].get("unit")
        or not panel["targets"]
        or not all(target["legendFormat"] for target in panel["targets"])
    }
    assert (dumb, len(PANELS) > 30) == (set(), True)


def test_a_number_without_a_curve_is_of_now_and_not_of_what_is_gone() -> None:
    curves = {
        (panel["options"]["graphMode"], target["instant"])
        for panel in PANELS
        if panel["type"] == "stat"
        for target in panel["targets"]
    }
    assert curves == {("area", False), ("none", True)}


def test_everything_asks_the_chosen_data_source() -> None:
    asked = [*PANELS, *(target for panel in PANELS for target in panel["targets"]), *DASHBOARD["annotations"]["list"]]
    asked += [variable for variable in VARIABLES.values() if variable["type"] == "query"]
    assert {json.dumps(one["datasource"]) for one in asked} == {'{"type": "prometheus", "uid": "${datasource}"}'}
    assert (VARIABLES["datasource"]["type"], VARIABLES["datasource"]["label"]) == ("datasource", "Data source")


def test_the_variables_are_asked_again_when_the_time_range_changes() -> None:
    assert list(VARIABLES) == ["datasource", "namespace", "server", "claim"]
    assert [variable["refresh"] for variable in VARIABLES.values() if variable["type"] == "query"] == [2, 2, 2]


def test_every_query_selects_the_chosen_server_only() -> None:
    found = [selector for query in QUERIES for selector in promql.selectors(query)]
    chosen = ('server="$server"', 'pod=~"$server-[0-9]+", container=~"postgresql|postgres"', 'persistentvolumeclaim="$claim"')
    unbound = [
        metric
        for _, metric, matchers in found
        if not matchers.startswith(tuple(f'{{namespace="$namespace", {c}' for c in chosen))
    ]
    assert (unbound, len(found) > 50) == ([], True)
    bare = [query for query in QUERIES if {metric for _, metric, _ in promql.selectors(query)} != promql.metrics(query)]
    assert bare == [], "a metric without braces is of every server"


def test_counters_are_read_as_what_they_grew_in_a_time_that_fits_the_resolution() -> None:
    found = [(call, metric, text.partition("}")[2]) for query in QUERIES for call, metric, text in promql.selectors(query)]
    growth = {(function, "[$__rate_interval]") for function in ("rate", "increase", "delta", "deriv")} | {
        ("increase", "[$__range]")
    }
    counters = {(call, over) for call, metric, over in found if metric.endswith("_total")}
    assert (counters - growth, len(counters) > 3) == (set(), True)
    others = {(metric, call, over) for call, metric, over in found if over and (call, over) not in growth}
    assert others == {("kubelet_volume_stats_used_bytes", "predict_linear", "[6h]")}


def test_nobody_edits_what_the_chart_brings() -> None:
    assert DASHBOARD["editable"] is False


def test_panels_lie_side_by_side_without_a_gap() -> None:
    cells: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert cell not in cells, f"{panel['title']} lies on {cells.get(cell)}"
            cells[cell] = panel["title"]
    height = 1 + max(y for _, y in cells)
    assert {(x, y) for x in range(24) for y in range(height)} == set(cells)
    assert len(ROWS) == 8
