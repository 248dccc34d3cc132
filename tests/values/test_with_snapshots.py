"""Refusals of snapshots that the cluster cannot make, each in full."""

from typing import Any

from harness.stub_cluster import KINDS, SNAPSHOTS
from tests.values.looking import OURS, SERVER, claim, look, named, problems

VALUES = {"snapshots": {"class": "daily"}}
KNOWN = [*KINDS, *SNAPSHOTS]


def of_driver(name: str, driver: str) -> dict[str, Any]:
    return named("VolumeSnapshotClass", name, driver=driver)


def bound_by(driver: str) -> dict[str, Any]:
    return claim(annotations=OURS | {"volume.kubernetes.io/storage-provisioner": driver})


def test_without_the_api_snapshots_are_refused_and_by_default_nothing_is_asked() -> None:
    assert problems(VALUES) == [
        "snapshots.class: daily, but this cluster does not know snapshot.storage.k8s.io/v1; install the snapshot controller "
        "and its CRDs first (docs/snapshots.md), or leave it empty"
    ]
    assert not [name for _, name in look({}) if "snapshot" in name]


def test_a_class_that_is_not_there_is_refused_with_those_that_are() -> None:
    missing = (
        "snapshots.class: no VolumeSnapshotClass daily in this cluster; it has: {}; set it to one of them, or make it first "
    )
    missing += "(docs/snapshots.md)"
    others = [of_driver("hourly", "csi.example.com"), of_driver("weekly", "csi.example.com")]
    assert problems(VALUES, kinds=KNOWN) == [missing.format("none")]
    assert problems(VALUES, *others, kinds=KNOWN) == [missing.format("hourly, weekly")]
    assert look(VALUES | {"storageClass": {"create": False}}, kinds=KNOWN), "no cluster-wide object is looked at"


def test_a_class_of_another_driver_than_the_volumes_is_refused() -> None:
    found = of_driver("daily", "csi.example.com")
    assert look(VALUES, found, kinds=KNOWN), "the claim has no volume yet"
    assert look(VALUES, found, bound_by("csi.example.com"), kinds=KNOWN)
    assert problems(VALUES, found, bound_by("disk.csi.azure.com"), kinds=KNOWN) == [
        f"snapshots.class: daily is of the driver csi.example.com, but the volume of the claim {SERVER}-pvc is of "
        "disk.csi.azure.com; choose a class of that driver"
    ]


def test_an_upgrade_beside_a_drill_leaves_the_copys_server_as_it_is() -> None:
    found = of_driver("daily", "csi.example.com")
    name = "bill-inquiry-snapshot-copy"
    running = named("StatefulSet", name, spec={"replicas": 1, "template": {"spec": {"volumes": []}}})
    rendered = [look(VALUES, found, *more, kinds=KNOWN)["StatefulSet", name] for more in ((), (running,))]
    assert [one["spec"]["replicas"] for one in rendered] == [0, 1]
