"""What each preset is for."""

import pytest

from harness.chart import render
from tests.render import expecting
from tests.render.reading import SERVER, config, options, plain

CHANGED = {
    "any-cluster": {"PersistentVolumeClaim", "StorageClass"},
    "hardened": {"ConfigMap", "NetworkPolicy", "Deployment", "Service", "Secret"},
    "phonebill-dev": {
        "StatefulSet",
        "Deployment",
        "Service",
        "ConfigMap",
        "NetworkPolicy",
        "Secret",
    },  # and the password: test_seed_parity.py
}


@pytest.mark.parametrize("preset", CHANGED)
def test_a_preset_changes_what_it_is_for_and_nothing_else(preset: str) -> None:
    default, found = expecting.held(render()), expecting.held(render(presets=[preset]))
    changed = {key for key in default | found if default.get(key) != found.get(key)}
    assert {key.partition("/")[0] for key in changed} == CHANGED[preset]


def test_any_cluster_leaves_the_class_to_the_cluster() -> None:
    manifests = render(presets=["any-cluster"])
    assert "storageClassName" not in manifests["PersistentVolumeClaim", f"{SERVER}-pvc"]["spec"]
    assert manifests.of("StorageClass") == []


def test_hardened_lets_in_the_service_and_keeps_the_superuser_out() -> None:
    manifests = render(presets=["hardened"])
    [rule] = plain(manifests["NetworkPolicy", SERVER]["spec"]["ingress"])
    assert rule["from"][1:] == [{"podSelector": {"matchLabels": {"tier": "application"}}}]
    assert "host all postgres all reject" in config(manifests, "pg_hba.conf")
    assert options(manifests)["ssl_min_protocol_version"] == "TLSv1.3"


def test_18_logs_who_logged_in_and_not_who_only_asked_whether_it_answers() -> None:
    manifests = render(presets=["postgresql-18"])
    assert "log_connections = 'authentication,authorization'" in config(manifests, "postgresql.conf")


def test_the_plans_environment_shows_its_metrics_by_annotations() -> None:
    manifests = render(presets=["phonebill-dev"])
    pod = manifests["Deployment", f"{SERVER}-metrics"]["spec"]["template"]
    assert pod["metadata"]["annotations"]["prometheus.io/scrape"] == "true"
    [rule] = plain(manifests["NetworkPolicy", f"{SERVER}-metrics"]["spec"]["ingress"])
    [let_in] = rule["from"]
    names = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["kube-system", "monitoring"]}
    assert let_in == {"namespaceSelector": {"matchExpressions": [names]}}


def test_hardened_serves_metrics_over_tls_to_the_namespace_of_monitoring() -> None:
    manifests = render(presets=["hardened"])
    [rule] = plain(manifests["NetworkPolicy", f"{SERVER}-metrics"]["spec"]["ingress"])
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert ("Secret", f"{SERVER}-metrics-tls") in manifests
