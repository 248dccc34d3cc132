"""How Prometheus finds a release: by the monitors of its operator, and without one by the configuration of docs/monitoring.md."""

import re

import pytest
import yaml

from harness import paths
from harness.on_cluster.monitoring import WATCHED, Monitoring, Prometheus
from harness.on_cluster.monitoring.plain import plain
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for
from tests.cluster.alerting import ALONE, SERVER

pytestmark = pytest.mark.local_node

VALUES = merged(WATCHED, ALONE)
RULES = "billdb.rules.yaml"


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, release: Release) -> Release:
    release.install(VALUES)
    return release


def labels(prometheus: Prometheus, release: Release) -> set[tuple[str | None, str | None]]:
    """The labels namespace and server of what the release's exporter says of the server, once it says that it answers.

    For some seconds after a change of monitors it is there by both.
    """
    [pod] = release.cluster.get("pods", f"--selector=app={SERVER}-metrics", "--field-selector=status.phase=Running")["items"]
    question = f'pg_up{{instance="{pod["status"]["podIP"]}:9187"}} == 1'
    answer = wait_for(lambda: prometheus.query(question), question, 120, lambda: str(prometheus.ask("targets")), every=0.5)
    return {(sample.labels.get("namespace"), sample.labels.get("server")) for sample in answer}


@pytest.mark.parametrize("kind", ["serviceMonitor", "podMonitor"])
def test_the_operators_prometheus_takes_it_by_a_monitor_of_either_kind(
    monitoring: Monitoring, watched: Release, kind: str
) -> None:
    watched.upgrade(merged(VALUES, {"metrics": {"scrape": kind}}))
    monitoring.wait_watched(watched)
    assert labels(monitoring, watched) == {(watched.cluster.namespace, SERVER)}


def test_a_plain_prometheus_takes_it_by_the_documented_configuration_with_the_rules_as_a_file(
    monitoring: Monitoring, watched: Release
) -> None:
    watched.upgrade(merged(VALUES, {"metrics": {"scrape": "none", "alerts": {"kind": "ConfigMap"}}}))
    rules = watched.cluster.get(f"configmap/{SERVER}-alerts")["data"][RULES]
    [documented] = re.findall(
        r"^```yaml\n(scrape_configs:.*?)^```$", (paths.ROOT / "docs/monitoring.md").read_text(), re.M | re.S
    )
    configuration = yaml.safe_load(documented) | {"rule_files": [RULES]}
    with plain(watched.cluster, {"prometheus.yml": yaml.safe_dump(configuration), RULES: rules}) as prometheus:
        assert labels(prometheus, watched) == {(watched.cluster.namespace, SERVER)}
        loaded = prometheus.ask("rules", type="alert")["groups"]
    wanted = {rule["alert"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]}
    assert {rule["name"] for group in loaded for rule in group["rules"]} == wanted
