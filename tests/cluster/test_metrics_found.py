"""Prometheus finds the exporter by each way that docs/monitoring.md has, and every series has the names that rules select by."""

import re
from functools import partial
from typing import Any

import pytest
import yaml

from harness import paths
from harness.on_cluster.monitoring import Monitoring
from harness.on_cluster.monitoring.plain import plain
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for

pytestmark = pytest.mark.local_node  # Prometheus and its operator run in it

ON: dict[str, Any] = {"backup": {"enabled": False}, "metrics": {"enabled": True, "monitor": {"interval": "5s"}}}
NAME = "postgresql-bill-inquiry-metrics"
RULES = "billdb.rules.yaml"
SERIES = '{namespace="billdb-metrics-found",server="postgresql-bill-inquiry"}'
STRAY = 'count({exported_server!="",namespace="billdb-metrics-found"})'


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, release: Release) -> Release:
    """A release with its exporter, which nothing points to yet."""
    release.install(ON)
    return release


@pytest.mark.parametrize("tls", [False, True], ids=["in the clear", "over TLS"])
@pytest.mark.parametrize("kind", ["serviceMonitor", "podMonitor"])
def test_an_operators_prometheus_finds_it_by_its_monitor(monitoring: Monitoring, watched: Release, kind: str, tls: bool) -> None:
    watched.upgrade(merged(ON, {"metrics": {"scrape": kind, "tls": {"enabled": tls}}}))
    job = f"billdb-metrics-found/{NAME}" if kind == "podMonitor" else NAME
    pod = watched.cluster.kubectl("get", "pods", "--selector=app.kubernetes.io/component=metrics", "--output=name").strip()
    selector = f'{SERIES[:-1]},job="{job}",pod="{pod.removeprefix("pod/")}"}}'
    wait_for(partial(monitoring.query, f"pg_up{selector} == 1"), f"pg_up{selector}", every=1)
    assert monitoring.value(f"billdb_server_major{selector}") == 14
    assert monitoring.query(STRAY) == []


def test_a_plain_prometheus_finds_it_with_the_documents_configuration_and_takes_the_rules_as_a_file(watched: Release) -> None:
    watched.upgrade(merged(ON, {"metrics": {"alerts": {"enabled": True, "kind": "ConfigMap"}}}))
    rules = watched.cluster.get("configmap/postgresql-bill-inquiry-alerts")["data"][RULES]
    text = (paths.ROOT / "docs" / "monitoring.md").read_text()
    [given] = re.findall(r"```yaml\n(scrape_configs:.*?)```", text, re.DOTALL)
    configuration = yaml.safe_load(given) | {"rule_files": [RULES]}
    configuration["scrape_configs"][0]["scrape_interval"] = "2s"
    with plain(watched.cluster, {"prometheus.yml": yaml.safe_dump(configuration), RULES: rules}) as prometheus:
        wait_for(partial(prometheus.query, f"pg_up{SERIES} == 1"), f"pg_up{SERIES}", every=1)
        assert prometheus.value(f"billdb_server_major{SERIES}") == 14
        assert prometheus.query(STRAY) == []
        loaded = prometheus.ask("rules", type="alert")["groups"]
    wanted = {rule["alert"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]}
    assert {rule["name"] for group in loaded for rule in group["rules"]} == wanted
