"""What is watched of CloudNativePG's instances beside the exporter: by which objects, by whom, and that it costs them nothing."""

from typing import Any

import pytest
import yaml

from harness.chart import Manifests, render
from tests.render.alerting import ALL_OF_CLOUDNATIVEPG, rules
from tests.render.reading import SERVER, plain
from tests.render.test_metrics_known import OTHERS

INSTANCES = f"{SERVER}-instances"
FROM = [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]
ENGINE: dict[str, Any] = {"engine": "cloudnativepg"}
# What is not there without an archive and a pooler.
NOT_AWAITED = {"postgresql": {"synchronous": {"dataDurability": "preferred", "failoverQuorum": False}}}
ALONE = {"BilldbArchiveFailing", "BilldbBaseBackupOverdue", "BilldbPoolerDown", "BilldbPoolerWaiting"}


def on(**metrics: Any) -> Manifests:
    """The chart with CloudNativePG's engine and the exporter."""
    return render(ENGINE | {"metrics": {"enabled": True} | metrics})


def cluster(manifests: Manifests) -> dict[str, Any]:
    found: dict[str, Any] = plain(manifests["Cluster", SERVER]["spec"])
    return found


@pytest.mark.parametrize("scrape", ["serviceMonitor", "podMonitor"])
def test_the_instances_are_found_by_a_monitor_of_pods_beside_the_exporters(scrape: str) -> None:
    manifests = on(scrape=scrape, monitor={"labels": {"release": "prometheus"}, "interval": "20s"})
    assert (scrape[0].upper() + scrape[1:], f"{SERVER}-metrics") in manifests
    monitor = plain(manifests["PodMonitor", f"{INSTANCES}-metrics"])
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"] == {
        "selector": {"matchLabels": {"cnpg.io/cluster": SERVER, "cnpg.io/podRole": "instance"}},
        "podMetricsEndpoints": [{
            "port": "metrics", "path": "/metrics", "interval": "20s",
            "relabelings": [
                {"targetLabel": "namespace", "replacement": "phonebill-dev"}, {"targetLabel": "server", "replacement": SERVER},
            ],
        }],
    }  # fmt: skip


def test_nothing_of_it_is_there_with_a_statefulset_or_unasked() -> None:
    objects = {
        ("PodMonitor", f"{INSTANCES}-metrics"),
        ("NetworkPolicy", f"{INSTANCES}-metrics"),
        ("ConfigMap", f"{INSTANCES}-queries"),
    }
    assert objects & set(render({"metrics": {"enabled": True, "scrape": "serviceMonitor"}})) == set()
    assert objects & set(render(ENGINE)) == set()
    assert objects & set(on()) == objects - {("PodMonitor", f"{INSTANCES}-metrics")}


def test_who_may_ask_the_exporter_may_ask_the_instances_at_their_port_alone() -> None:
    for named, peers in ({"from": FROM}, FROM), ({}, [{"namespaceSelector": {}}]):
        policy = plain(on(port=9999, **named)["NetworkPolicy", f"{INSTANCES}-metrics"]["spec"])
        assert policy == {
            "podSelector": {"matchLabels": {"app": SERVER}},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": 9187, "protocol": "TCP"}], "from": peers}],
        }
    without = render(ENGINE | {"metrics": {"enabled": True}, "networkPolicy": {"enabled": False}})
    assert ("NetworkPolicy", f"{INSTANCES}-metrics") not in without


def test_the_servers_are_asked_by_the_charts_queries_in_a_database_that_lets_their_role_in() -> None:
    before = cluster(render(ENGINE))
    asked = {"disableDefaultQueries": True, "customQueriesConfigMap": [{"name": f"{INSTANCES}-queries", "key": "queries"}]}
    manifests = on(scrape="podMonitor", alerts={"enabled": True})
    assert cluster(manifests) == before | {"monitoring": asked}
    assert cluster(on(tls={"enabled": True})) == before | {"monitoring": asked | {"tls": {"enabled": True}}}
    made = plain(manifests["ConfigMap", f"{INSTANCES}-queries"])
    assert made["metadata"]["labels"]["cnpg.io/reload"] == "true", "a changed query would wait for the next restart"
    queries = yaml.safe_load(made["data"]["queries"])
    told = set()
    for name, query in queries.items():
        columns = [(column, how["usage"]) for metric in query["metrics"] for column, how in metric.items()]
        told |= {f"cnpg_{name}_{column}" for column, usage in columns if usage != "LABEL"}
    assert told == {name for name in OTHERS["CloudNativePG's instances"] if name.startswith("cnpg_pg_")}
    assert {tuple(query["target_databases"]) for query in queries.values()} == {("postgres",)}


def test_with_annotations_the_servers_pods_have_them() -> None:
    assert cluster(on(scrape="annotations"))["inheritedMetadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9187",
        "prometheus.io/path": "/metrics",
        "prometheus.io/scheme": "http",
    }


def test_with_tls_a_monitor_verifies_the_certificate_that_the_servers_have() -> None:
    manifests = on(scrape="podMonitor", tls={"enabled": True})
    [endpoint] = plain(manifests["PodMonitor", f"{INSTANCES}-metrics"]["spec"]["podMetricsEndpoints"])
    assert endpoint["scheme"] == "https"
    assert endpoint["tlsConfig"]["ca"] == {"secret": {"name": f"{SERVER}-tls", "key": "ca.crt"}}
    names = manifests["Secret", f"{SERVER}-tls"]["metadata"]["annotations"]["billdb/names"].split(",")
    assert endpoint["tlsConfig"]["serverName"] in names


def test_commits_that_wait_for_two_are_told_of_when_one_is_left() -> None:
    text = rules(ALL_OF_CLOUDNATIVEPG | {"cloudnativepg": {"instances": 5}})["BilldbNoSynchronousStandby"]
    assert text["expr"].rstrip().endswith(">= 2")
    assert text["annotations"]["summary"].endswith("every commit waits for 2")


@pytest.mark.parametrize(
    ("values", "without"),
    [
        ({"instances": 3}, ALONE),
        ({"instances": 2}, ALONE | {"BilldbNoSynchronousStandby"}),
        ({"instances": 3, "spec": NOT_AWAITED}, ALONE | {"BilldbNoSynchronousStandby"}),
        (
            {"instances": 1},
            ALONE | {"BilldbNoSynchronousStandby", "BilldbReplicationLag", "BilldbReplicaNotStreaming"},
        ),
        (
            {"instances": 3, "spec": {"plugins": [{"name": "archive.example.com", "isWALArchiver": True}]}},
            ALONE - {"BilldbArchiveFailing"},
        ),
    ],
    ids=["three", "two", "three without waiting", "one", "an archive of one's own"],
)
def test_alerts_that_could_not_fire_with_so_many_instances_are_left_out(values: dict[str, Any], without: set[str]) -> None:
    assert set(rules(ALL_OF_CLOUDNATIVEPG)) - set(rules(ALL_OF_CLOUDNATIVEPG | {"cloudnativepg": values})) == without


def test_wal_is_held_against_what_cloudnativepg_keeps_of_itself() -> None:
    assert f"+ {512 << 20}\n" in rules(ALL_OF_CLOUDNATIVEPG)["BilldbWALGrowth"]["expr"]
    own = {"postgresql": {"parameters": {"wal_keep_size": "1GB"}}}
    assert f"+ {1 << 30}\n" in rules(ALL_OF_CLOUDNATIVEPG | own)["BilldbWALGrowth"]["expr"]
