"""Refusals of what would change the chart's own labels, hide its files or name nothing that can be."""

from typing import Any

import pytest

from harness.chart import render
from tests.values.test_problems import problems

LABELS = ["app", "tier", "helm.sh/chart", *(
    f"app.kubernetes.io/{name}" for name in ("name", "instance", "component", "version", "part-of", "managed-by")
)]  # fmt: skip


@pytest.mark.parametrize("key", ["commonLabels", "podLabels", "persistence.labels", "backup.podLabels"])
@pytest.mark.parametrize("label", LABELS)
def test_a_label_of_the_charts_own_is_refused(key: str, label: str) -> None:
    above, _, below = key.rpartition(".")
    values: dict[str, Any] = {below: {label: "mine"}}
    assert problems({above: values} if above else values) == [
        f"{key}: the label {label} is the chart's own, and selectors rely on it; remove it"
    ]


@pytest.mark.parametrize("key", ["podAnnotations", "persistence.annotations", "serviceAccount.annotations"])
@pytest.mark.parametrize("annotation", [
    "helm.sh/resource-policy", "helm.sh/hook", "meta.helm.sh/release-name", "billdb/config-checksum", "billdb/password-revision",
    "kubectl.kubernetes.io/default-container",
])  # fmt: skip
def test_an_annotation_of_the_charts_or_helms_own_is_refused(key: str, annotation: str) -> None:
    above, _, below = key.rpartition(".")
    values: dict[str, Any] = {below: {annotation: "mine"}}
    assert problems({above: values} if above else values) == [
        f"{key}: the annotation {annotation} is the chart's or Helm's own; remove it"
    ]


MOUNTED = ["/etc/postgresql", "/etc/passwd", "/etc/postgresql-tls", "/etc/postgresql-clients", "/var/run/postgresql", "/tmp",
           "/dev/shm", "/credentials", "/run/postgresql", "/bitnami/postgresql", "/proc", "/sys", "/dev"]  # fmt: skip


@pytest.mark.parametrize("path", [
    *MOUNTED, *(f"{path}/inside" for path in MOUNTED), "/", "/etc", "/var", "/var/run", "/run", "/usr", "/usr/bin", "/usr/lib",
    "/bin", "/lib", "/opt", "/opt/bitnami", "/bitnami", "/etc//postgresql/", "/vault/../tmp", "/bitnami/postgresql/data/pg_wal",
])  # fmt: skip
def test_an_extra_mount_that_would_hide_what_the_pod_needs_or_lie_in_it_is_refused(path: str) -> None:
    values = {"extraVolumes": [{"name": "x", "emptyDir": {}}], "extraVolumeMounts": [{"name": "x", "mountPath": path}]}
    [problem] = problems(values)
    assert problem.startswith("extraVolumeMounts[0].mountPath: /")
    assert problem.endswith("; choose a path of its own")


@pytest.mark.parametrize(("path", "hidden"), [
    ("/tmp/data", "/tmp"), ("/var/run", "/var/run/postgresql"), ("/usr/bin", "/usr/bin"), ("/dev/shm", "/dev, /dev/shm"),
])  # fmt: skip
def test_a_volume_that_would_hide_what_the_pod_needs_is_refused(path: str, hidden: str) -> None:
    assert problems({"persistence": {"mountPath": path}}) == [
        f"persistence.mountPath: {path} would hide or lie in what the pod needs: {hidden}; choose a path of its own"
    ]


@pytest.mark.parametrize("second", ["/vault", "/vault/secrets", "/"], ids=["the same", "in it", "above"])
def test_extra_mounts_that_meet_one_another_are_refused(second: str) -> None:
    mounts = [{"name": "x", "mountPath": "/vault"}, {"name": "x", "mountPath": second, "subPath": "y"}]
    [problem] = problems({"extraVolumes": [{"name": "x", "emptyDir": {}}], "extraVolumeMounts": mounts})
    assert problem.startswith("extraVolumeMounts[1].mountPath: ")
    assert "/vault" in problem


def test_mounts_beside_the_charts_own_are_accepted() -> None:
    paths = ["/vault", "/vault2", "/etc/postgresql-extra", "/usr/share/postgresql/14/tsearch_data/korean.dict", "/tmp2"]
    mounts = [{"name": "x", "mountPath": path} for path in paths]
    assert render({"extraVolumes": [{"name": "x", "emptyDir": {}}], "extraVolumeMounts": mounts})
    assert render({"persistence": {"mountPath": "/var/lib/postgresql"}})


@pytest.mark.parametrize("name", ["postgres", "template0", "template1"])
def test_a_database_of_postgresqls_own_is_refused(name: str) -> None:
    assert problems({"auth": {"database": name}}) == [
        f"auth.database: {name} is PostgreSQL's own; give the service a database of its own"
    ]


def test_a_tag_that_is_a_fraction_is_refused_for_it_lost_its_last_zeros() -> None:
    assert problems({"image": {"tag": 14.10}}) == [
        "image.tag: 14.1 is a number, and so would 14.10 be 14.1; put the tag in quotes"
    ]
