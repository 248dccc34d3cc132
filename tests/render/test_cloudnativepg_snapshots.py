"""Snapshots with CloudNativePG: its own base backups, which a CronJob has made, and a Cluster that begins with one."""

from typing import Any

import pytest

from harness.chart import render
from tests.render.conftest import EVERYTHING_ON_CLOUDNATIVEPG
from tests.render.reading import SERVER, environment, plain

NAME = "bill-inquiry-snapshot"
ON: dict[str, Any] = {"engine": "cloudnativepg", "snapshots": {"class": "daily", "keep": 5}}
SNAPSHOT = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "of-monday"}
ARCHIVE = {"enabled": True, "name": "again", "s3": {"endpoint": "https://s3.example.com", "bucket": "bills"}}
UNTIL = "2026-11-24T10:15:00+09:00"


def cluster(values: dict[str, Any]) -> Any:
    return plain(render(values)["Cluster", SERVER]["spec"])


def test_the_cluster_makes_them_by_the_class_and_each_goes_with_its_backup() -> None:
    assert "backup" not in cluster({"engine": "cloudnativepg"})
    assert cluster(ON)["backup"] == {
        "volumeSnapshot": {
            "className": "daily",
            "labels": {"app": NAME},
            "snapshotOwnerReference": "backup",
            "online": True,
            "onlineConfiguration": {"immediateCheckpoint": True},
        }
    }


def test_the_cronjob_asks_for_backups_and_may_do_nothing_else() -> None:
    manifests = render(ON)
    assert [(kind, name) for kind, name in manifests if name.startswith(NAME) and kind in ("CronJob", "StatefulSet", "Role")] == [
        ("Role", NAME),
        ("CronJob", NAME),
    ], "there is no drill"
    verbs = ["get", "list", "create", "delete"]
    assert plain(manifests["Role", NAME]["rules"]) == [
        {"apiGroups": ["postgresql.cnpg.io"], "resources": ["backups"], "verbs": verbs}
    ]
    pod = plain(manifests["CronJob", NAME]["spec"])["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    told = environment(container)
    assert (container["command"][-1], told["CLUSTER"], told["KEEP"]) == ("/scripts/base-backup.sh", SERVER, "5")
    assert not {volume["name"] for volume in pod["volumes"]} & {"tls-hook"}, "nobody needs a superuser"
    scripts = manifests["ConfigMap", f"{NAME}-script"]["data"]
    sourced = {line[4:] for line in scripts["base-backup.sh"].splitlines() if line.startswith(". ./")}
    assert set(scripts) == sourced | {"base-backup.sh", "record.sql"}
    others = render({"snapshots": {"class": "daily"}})["ConfigMap", f"{NAME}-script"]["data"]
    assert (set(scripts) - set(others), "base-backup.sh" in others) == ({"base-backup.sh"}, False)


def test_policies_let_the_job_out_and_know_no_copy() -> None:
    policies = {name for kind, name in render(ON) if kind == "NetworkPolicy"}
    assert {name for name in policies if "snapshot" in name} == {f"{SERVER}-snapshots"}


OWNER = {"database": "billdb_hook", "owner": "billdb_hook"}


@pytest.mark.parametrize(("values", "begins"), [
    ({"recovery": {"snapshot": "of-monday"}}, {"volumeSnapshots": {"storage": SNAPSHOT}}),
    ({"archive": ARCHIVE, "recovery": {"snapshot": "of-monday", "from": "orders", "until": UNTIL}},
     {"source": "origin", "volumeSnapshots": {"storage": SNAPSHOT}, "recoveryTarget": {"targetTime": UNTIL}}),
], ids=["as it was then", "and on with the archive"])  # fmt: skip
def test_a_cluster_begins_with_a_snapshot(values: dict[str, Any], begins: dict[str, Any]) -> None:
    assert cluster({"engine": "cloudnativepg", "cloudnativepg": values})["bootstrap"] == {"recovery": OWNER | begins}


def test_everything_at_once_begins_with_a_snapshot_too() -> None:
    bootstrap = cluster(EVERYTHING_ON_CLOUDNATIVEPG)["bootstrap"]
    assert bootstrap["recovery"]["volumeSnapshots"] == {"storage": SNAPSHOT}
