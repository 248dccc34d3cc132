"""Volumes of a real size on the local Kubernetes: a file system each in a file, mounted in the node, for one claim.

local-path's volumes are folders of the machine's disk: they have no size, and the kubelet tells nothing of them.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from harness import commands
from harness.kubernetes import Cluster
from harness.local.components import NODE_NAME
from harness.local.node import current


@contextmanager
def volume(cluster: Cluster, megabytes: int) -> Iterator[str]:
    """Have a volume of that size for the first claim of the StorageClass whose name this gives, until the block ends."""
    with volumes(cluster, megabytes, 1) as name:
        yield name


@contextmanager
def volumes(cluster: Cluster, megabytes: int, number: int) -> Iterator[str]:
    """Have volumes of that size for so many claims of the StorageClass whose name this gives, until the block ends.

    To be asked for before the release that is put on them. What a killed run left is removed before.
    """
    name = f"{cluster.namespace}-limited"
    node = current()
    assert node, "this needs the local Kubernetes"
    folder = Path(node.checkout) / ".local" / "state" / "limited"
    places = [folder / f"{name}-{each}" for each in range(1, number + 1)]
    objects = yaml.safe_dump_all([_class(name), *(_volume(name, place, megabytes) for place in places)])

    def remove() -> None:
        cluster.kubectl("delete", "--filename=-", "--ignore-not-found", "--wait=false", stdin=objects)
        for place in places:
            # Also while a pod of a killed run still holds it; the kernel frees the loop device with the last one.
            subprocess.run(node.command("umount", "--lazy", str(place)), capture_output=True)
            _file(place).unlink(missing_ok=True)

    remove()
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
        commands.run(["truncate", f"--size={megabytes}M", str(_file(place))])
        commands.run(["mkfs.ext4", "-q", "-m", "0", str(_file(place))])  # nothing of it is kept for root
        commands.run(node.command("mount", "-o", "loop", str(_file(place)), str(place)))
    cluster.kubectl("apply", "--filename=-", stdin=objects)
    try:
        yield name
    finally:
        remove()


def place(cluster: Cluster, claim: str) -> Path:
    """Where the volume of this claim is mounted in the node."""
    bound = cluster.get(f"pvc/{claim}")["spec"]["volumeName"]
    return Path(cluster.get(f"pv/{bound}")["spec"]["local"]["path"])


def _file(place: Path) -> Path:
    return place.with_name(f"{place.name}.img")


def _class(name: str) -> dict[str, object]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(storage_class: str, place: Path, megabytes: int) -> dict[str, object]:
    here = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": place.name},
        "spec": {
            "storageClassName": storage_class,
            "capacity": {"storage": f"{megabytes}Mi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": str(place)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [here]}},
        },
    }
