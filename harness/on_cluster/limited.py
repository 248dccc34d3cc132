"""A volume of a real size on the local Kubernetes: a file system in a file, mounted in the node, for one claim.

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
    """Have a volume of that size for the first claim of the StorageClass whose name this gives, until the block ends.

    To be asked for before the release that is put on it. What a killed run left is removed before.
    """
    name = f"{cluster.namespace}-limited"
    node = current()
    assert node, "this needs the local Kubernetes"
    place = Path(node.checkout) / ".local" / "state" / "limited" / name
    file = place.with_suffix(".img")
    objects = yaml.safe_dump_all(_objects(name, place, megabytes))

    def remove() -> None:
        cluster.kubectl("delete", "--filename=-", "--ignore-not-found", "--wait=false", stdin=objects)
        # Also while a pod of a killed run still holds it; the kernel frees the loop device with the last one.
        subprocess.run(node.command("umount", "--lazy", str(place)), capture_output=True)
        file.unlink(missing_ok=True)

    remove()
    place.mkdir(parents=True, exist_ok=True)
    commands.run(["truncate", f"--size={megabytes}M", str(file)])
    commands.run(["mkfs.ext4", "-q", "-m", "0", str(file)])  # nothing of it is kept for root
    commands.run(node.command("mount", "-o", "loop", str(file), str(place)))
    cluster.kubectl("apply", "--filename=-", stdin=objects)
    try:
        yield name
    finally:
        remove()


def _objects(name: str, place: Path, megabytes: int) -> list[dict[str, object]]:
    here = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}]}
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "storageClassName": name,
                "capacity": {"storage": f"{megabytes}Mi"},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "local": {"path": str(place)},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [here]}},
            },
        },
    ]
