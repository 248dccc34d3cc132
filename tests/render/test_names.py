"""Names and labels of the objects."""

import json

import pytest

from harness import paths
from harness.chart import Manifests, render
from tests.render import expecting

NAMES = {
    ("ConfigMap", "bill-inquiry-backup-script"),
    ("ConfigMap", "bill-inquiry-schema-script"),
    ("ConfigMap", "postgresql-bill-inquiry-config"),
    ("CronJob", "bill-inquiry-backup"),
    ("CronJob", "bill-inquiry-backup-check"),
    ("CronJob", "bill-inquiry-delete-expired-cache"),
    ("CronJob", "bill-inquiry-delete-old-history"),
    ("CronJob", "bill-inquiry-drill"),
    ("CronJob", "bill-inquiry-restore"),
    ("Job", "bill-inquiry-db-init"),
    ("NetworkPolicy", "postgresql-bill-inquiry"),
    ("NetworkPolicy", "postgresql-bill-inquiry-backup"),
    ("NetworkPolicy", "postgresql-bill-inquiry-jobs"),
    ("PersistentVolumeClaim", "postgresql-bill-inquiry-backup-pvc"),
    ("PersistentVolumeClaim", "postgresql-bill-inquiry-pvc"),
    ("Pod", "bill-inquiry-backup-test"),
    ("Pod", "bill-inquiry-db-test"),
    ("PodDisruptionBudget", "postgresql-bill-inquiry"),
    ("Secret", "postgresql-bill-inquiry-backup-secret"),
    ("Secret", "postgresql-bill-inquiry-ca"),
    ("Secret", "postgresql-bill-inquiry-hook-ca"),
    ("Secret", "postgresql-bill-inquiry-hook-tls"),
    ("Secret", "postgresql-bill-inquiry-secret"),
    ("Secret", "postgresql-bill-inquiry-tls"),
    ("Service", "postgresql-bill-inquiry"),
    ("Service", "postgresql-bill-inquiry-headless"),
    ("ServiceAccount", "postgresql-bill-inquiry"),
    ("StatefulSet", "postgresql-bill-inquiry"),
    ("StorageClass", "managed-standard"),
}
KEPT = {"Cluster", "ObjectStore", "ScheduledBackup", "PersistentVolumeClaim", "Secret", "StorageClass"}
# Without which the Cluster that stays would not work.
OF_THE_CLUSTER = {
    ("NetworkPolicy", "postgresql-bill-inquiry"),
    ("NetworkPolicy", "postgresql-bill-inquiry-instances"),
    ("ServiceAccount", "postgresql-bill-inquiry"),
}


@pytest.mark.parametrize("release", ["billdb", "postgres", "x"])
def test_the_names_are_the_plans_whatever_the_release_is_called(release: str) -> None:
    assert set(render(release=release)) == NAMES


def test_another_name_is_the_stem_of_every_name_and_changes_nothing_else(default: Manifests) -> None:
    renamed = json.dumps(expecting.held(default)).replace("postgresql-bill-inquiry", "orders")
    for name in {name.removeprefix("bill-inquiry-") for _, name in NAMES if name.startswith("bill-inquiry-")}:
        renamed = renamed.replace(f"bill-inquiry-{name}", f"orders-{name}")
    assert expecting.held(render({"fullnameOverride": "orders"})) == json.loads(renamed)


def test_names_stay_within_kubernetes_limits_with_the_longest_name_of_the_server() -> None:
    names = [(kind, name) for kind, name in render({"fullnameOverride": "x" * 40}) if kind != "StorageClass"]
    assert len(names) == len(NAMES) - 1
    assert [(kind, name) for kind, name in names if len(name) > (52 if kind == "CronJob" else 63)] == []


def test_another_namespace_is_the_one_of_every_object_and_of_the_servers_names() -> None:
    elsewhere = render(namespace="elsewhere")
    assert {o["metadata"].get("namespace") for (kind, _), o in elsewhere.items() if kind != "StorageClass"} == {"elsewhere"}
    assert "phonebill-dev" not in json.dumps(expecting.held(elsewhere))


def test_every_namespaced_object_is_in_the_releases_namespace(manifests: Manifests) -> None:
    assert {o["metadata"].get("namespace") for (kind, _), o in manifests.items() if kind != "StorageClass"} == {"phonebill-dev"}


def test_every_object_has_the_recommended_labels(manifests: Manifests) -> None:
    chart = expecting.VERSION
    wanted = {
        "tier": "database",
        "helm.sh/chart": f"billdb-{chart}",
        "app.kubernetes.io/name": "billdb",
        "app.kubernetes.io/instance": "billdb",
        "app.kubernetes.io/version": "14",
        "app.kubernetes.io/part-of": "bill-inquiry",
        "app.kubernetes.io/managed-by": "Helm",
    }
    for key, o in manifests.items():
        labels = dict(o["metadata"]["labels"])
        assert wanted.items() <= labels.items(), key
        assert {"app", "app.kubernetes.io/component"} <= set(labels), key


def test_labels_of_pods_do_not_change_with_the_charts_version(manifests: Manifests) -> None:
    changing = {"helm.sh/chart", "app.kubernetes.io/version"}
    restarted = [key for key, pod in manifests.pods().items() if changing & set(pod["metadata"]["labels"])]
    assert restarted == ["Pod/" + name for kind, name in manifests if kind == "Pod"], "helm test's pod is made anew each time"


def test_what_cannot_be_made_again_outlives_the_release(manifests: Manifests) -> None:
    found = {key: o["metadata"].get("annotations", {}) for key, o in manifests.items()}
    kept = {key for key, annotations in found.items() if annotations.get("helm.sh/resource-policy") == "keep"}
    # helm uninstall leaves hooks where they are, unless they say otherwise.
    hooks = {key for key, annotations in found.items() if "helm.sh/hook" in annotations}
    kept |= {key for key in hooks if found[key]["helm.sh/hook-delete-policy"] == "hook-failed"}
    kept_with_it = OF_THE_CLUSTER if manifests.of("Cluster") else set()
    assert kept == {key for key in manifests if key[0] in KEPT or key in kept_with_it}


def test_the_chart_is_packaged_without_what_only_its_makers_need() -> None:
    ignored = (paths.CHART / ".helmignore").read_text().split()
    assert {"values.schema.yaml", "*.tgz", "*.orig"} <= set(ignored)
