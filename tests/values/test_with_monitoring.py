"""Refusals of monitors and rules that the cluster does not know, and of what would come to nothing, each in full."""

from typing import Any

import pytest

from harness import paths
from harness.helm_template import PREVIEW, RenderError, template
from harness.stub_cluster import AZURE_MONITOR, KINDS, MONITORING
from tests.values.looking import look, problems
from tests.values.test_problems import problems as without_cluster

ON = {"enabled": True}
ALERTS = sorted(file.stem for file in (paths.CHART / "monitoring" / "alerts").glob("*.yaml"))


def scraped(kind: str, group: str = "monitoring.coreos.com") -> dict[str, Any]:
    return {"metrics": ON | {"scrape": kind, "monitor": {"apiGroup": group}}}


@pytest.mark.parametrize("group", ["monitoring.coreos.com", "azmonitoring.coreos.com"])
@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_a_monitor_is_made_where_its_api_is_and_refused_where_it_is_not(kind: str, group: str) -> None:
    value = kind[0].lower() + kind[1:]
    others = MONITORING if group.startswith("az") else AZURE_MONITOR
    for known in (KINDS, [*KINDS, *others]):
        assert problems(scraped(value, group), kinds=known) == [
            f"metrics.scrape: {value}, but this cluster does not know {kind} of {group}/v1; install its operator first, choose "
            "its group with metrics.monitor.apiGroup, or set scrape to annotations or none (docs/monitoring.md)"
        ]
    rendered = look(scraped(value, group), kinds=[*KINDS, *MONITORING, *AZURE_MONITOR])
    assert rendered[kind, "postgresql-bill-inquiry-metrics"]["apiVersion"] == f"{group}/v1"


def test_rules_are_a_file_where_their_api_is_not() -> None:
    rules: dict[str, Any] = {"metrics": ON | {"alerts": {"enabled": True}}}
    assert problems(rules, kinds=[*KINDS, *AZURE_MONITOR]) == [
        "metrics.alerts.kind: PrometheusRule, but this cluster does not know PrometheusRule of monitoring.coreos.com/v1; install "
        "the Prometheus operator first, or choose ConfigMap, the same rules as a file (docs/alerts.md)"
    ]
    assert ("PrometheusRule", "postgresql-bill-inquiry-alerts") in look(rules, kinds=[*KINDS, *MONITORING])
    rules["metrics"]["alerts"]["kind"] = "ConfigMap"
    assert ("ConfigMap", "postgresql-bill-inquiry-alerts") in look(rules)


def test_by_default_and_with_annotations_no_api_is_asked_for() -> None:
    assert not [name for _, name in look({}) if "metrics" in name]
    assert ("Deployment", "postgresql-bill-inquiry-metrics") in look(scraped("annotations"))


def test_what_would_come_to_nothing_is_refused() -> None:
    nothing = {"scrape": "annotations", "tls": {"existingSecret": "mine"}}
    assert without_cluster({"metrics": nothing}) == [
        "metrics.tls.existingSecret: mine, but metrics.tls.enabled is false and nothing would be served with it; set that to "
        "true, or remove the Secret's name",
        "metrics.scrape: annotations, but metrics.enabled is false and there is nothing to scrape; set that to true, or scrape "
        "to none",
    ]


def test_rules_without_metrics_are_refused_as_an_object_of_the_operators_and_not_as_a_file() -> None:
    rules = {"enabled": True}
    assert problems({"metrics": {"alerts": rules}}, kinds=[*KINDS, *MONITORING]) == [
        "metrics.alerts.enabled: true, but metrics.enabled is false, so that most rules would have nothing to read and "
        "BilldbMetricsMissing would always fire; set metrics.enabled to true, or metrics.alerts.enabled to false"
    ]
    assert ("ConfigMap", "postgresql-bill-inquiry-alerts") in look({"metrics": {"alerts": rules | {"kind": "ConfigMap"}}})


def test_a_password_with_which_the_exporter_cannot_log_in_is_refused_where_there_is_one() -> None:
    given = {"auth": {"roles": {"bill_monitoring_user": {"password": "a b"}}}}
    assert without_cluster(given | {"metrics": ON}) == [
        "auth.roles.bill_monitoring_user.password: it has a blank, with which the exporter cannot log in; choose a password "
        "without one, or set metrics.enabled to false"
    ]
    template(PREVIEW | given)


@pytest.mark.parametrize(("interval", "taken"), [
    ("5s", True), ("10s", True), ("99s", True), ("120s", True), ("1m", True), ("2m", True),
    ("4s", False), ("121s", False), ("3m", False), ("10m", False), ("1h", False), ("05s", False),
])  # fmt: skip
def test_the_interval_leaves_the_rules_two_scrapes_at_least(interval: str, taken: bool) -> None:
    values = PREVIEW | {"metrics": ON | {"monitor": {"interval": interval}}}
    if taken:
        template(values)
    else:
        with pytest.raises(RenderError) as refusal:
            template(values)
        assert "interval" in str(refusal.value)


def test_an_alert_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    assert without_cluster({"metrics": {"alerts": {"exclude": ["BilldbNone"]}}}) == [
        f"metrics.alerts.exclude: no alert of the chart is called BilldbNone; there are: {', '.join(ALERTS)}"
    ]


@pytest.mark.parametrize(
    ("alert", "given"), [("BilldbOther", {"for": "1m"}), ("BilldbDown", {"threshold": 1}), ("BilldbCPU", {"for": "1"})]
)
def test_an_alert_is_tuned_by_what_it_has(alert: str, given: dict[str, Any]) -> None:
    with pytest.raises(RenderError) as refusal:
        template(PREVIEW | {"metrics": {"alerts": {"rules": {alert: given}}}})
    assert alert in str(refusal.value)


def test_without_a_look_into_the_cluster_no_certificate_of_the_metrics_is_made() -> None:
    values = {"tls": {"mode": "disabled"}, "metrics": ON | {"tls": {"enabled": True}}}
    with pytest.raises(RenderError) as refusal:
        template(values)
    assert (
        "- metrics.tls: helm cannot look into the cluster here, so the certificate of the metrics would change at each render; "
        "give existingSecret, or tls.mode certManager, or render with --dry-run=server, or set withoutCluster=preview to only "
        "read the objects"
    ) in str(refusal.value).splitlines()
