"""What is asked of Prometheus for the dashboard, and how its answers are told: as Grafana does both."""

import json
from typing import Any

import pytest

from harness.dashboard.asking import Looking, Series, dashboard, replaced
from harness.dashboard.units import between, written

SERVERS = ["orders", "postgresql-bill-inquiry"]
CLAIMS = ["postgresql-bill-inquiry-pvc", "postgresql-bill-inquiry-pvc-18"]


class Prometheus:
    """Knows a few names, and gives every query one series."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, what: str, **parameters: str) -> Any:
        self.asked.append((what, parameters))
        names = {"namespace": ["phonebill-dev"], "server": SERVERS, "persistentvolumeclaim": CLAIMS}
        if what.startswith("label/"):
            return names[what.split("/")[1]]
        return {
            "result": [
                {"metric": {"role": "bill_inquiry_user", "state": "idle"}, "values": [[1000, "1.5"], [1015, "2"], [1030, "NaN"]]}
            ]
        }


def test_the_first_of_each_variable_is_chosen_and_the_newest_volume() -> None:
    prometheus = Prometheus()
    found = Looking(prometheus, 0, 3600).variables()
    assert found == {"namespace": "phonebill-dev", "server": "orders", "claim": "postgresql-bill-inquiry-pvc-18"}
    asked = prometheus.asked[1][1]
    assert asked == {"match[]": 'pg_up{namespace="phonebill-dev", server!=""}', "start": "0", "end": "3600"}


def test_what_a_person_chooses_has_to_be_there() -> None:
    assert Looking(Prometheus(), 0, 3600).variables(server=SERVERS[1])["server"] == SERVERS[1]
    with pytest.raises(LookupError, match=r"\$server: label_values.* and another is looked for"):
        Looking(Prometheus(), 0, 3600).variables(server="another")


def test_every_query_is_asked_with_its_variables_replaced_and_told_by_its_legend() -> None:
    prometheus = Prometheus()
    looking = Looking(prometheus, 0, 6 * 3600)
    panels = looking.panels({"namespace": "n", "server": "s", "claim": "c"})
    assert len(prometheus.asked) == sum(len(panel.get("targets", ())) for panel in dashboard()["panels"])
    assert [query for _, query in prometheus.asked if "$" in query["query"]] == []
    assert {query.get("step") for what, query in prometheus.asked} == {"90", None}, "240 points in six hours"
    assert {query["time"] for what, query in prometheus.asked if what == "query"} == {"21600"}, "and what there is at their end"
    assert any("[105s]" in query["query"] for _, query in prometheus.asked), "a point and a scrape: what $__rate_interval is"
    assert [Series("bill_inquiry_user", [(1000, 1.5), (1015, 2)])] in [
        series for each in panels.values() for series in each.values()
    ]
    assert json.loads(looking.kept({}, panels))["end"] == 6 * 3600


def test_a_short_time_is_asked_no_finer_than_what_is_scraped() -> None:
    assert Looking(Prometheus(), 0, 60).step == 15


def test_a_variable_that_nobody_gives_is_an_error() -> None:
    with pytest.raises(KeyError, match="claim"):
        replaced('up{claim="$claim"}', {})


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (81.234, "percent", 0, "81%"),
        (0.4167, "ms", 2, "0.42 ms"),
        (1536, "bytes", None, "1.5 KiB"),
        (93600, "s", 1, "1.1 d"),
        (1234, "short", None, "1.23 K"),
        (1825.4, "none", 0, "1825"),
        (12, "ops", None, "12 ops/s"),
        (2**21, "Bps", None, "2 MiB/s"),
    ],
)
def test_values_are_written_with_their_unit(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert written(value, unit, decimals) == text


def test_every_unit_of_the_dashboard_can_be_written() -> None:
    units = {panel["fieldConfig"]["defaults"]["unit"] for panel in dashboard()["panels"] if panel["type"] != "row"}
    assert all(written(1, unit) for unit in units)
    assert len(units) > 5


@pytest.mark.parametrize(
    ("highest", "unit", "step"), [(3 * 2**30, "bytes", 2**30), (7200, "s", 1800), (100, "percent", None), (0, "bytes", None)]
)
def test_an_axis_has_round_values(highest: float, unit: str, step: float | None) -> None:
    assert between(highest, unit) == step
