"""VolumeSnapshots on the local Kubernetes: the snapshot controller, and a CSI driver for tests whose volumes lie on btrfs.

The driver and its sidecars run in the node, in a control group of their own, and the file system lies in a file on a loop device
that the kernel frees with its mount. So what a killed run left ends with the node at the latest, and the next run takes it over.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

from harness import commands, paths
from harness.kubernetes import Cluster
from harness.local import cgroups, gobuild, gotoolchain, machine, programs
from harness.local.components import NODE_NAME
from harness.local.extra import KUBELET, Extra, existing
from harness.local.node import Node, first, state
from harness.on_cluster.shared import shared
from harness.waiting import wait_for

DRIVER = "btrfs.billdb.test"
CLASS = "billdb-btrfs"  # of volumes, and of snapshots
FAILING = "billdb-btrfs-failing"  # a class whose snapshots never come to be
FULL = "the pool of snapshots is full"
CRDS = "github.com/kubernetes-csi/external-snapshotter/client/v8"
KINDS = ("volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots")
CGROUP = "billdb-csi"
SIZE = "8G"  # at most: the file is sparse
OBJECTS = (
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": DRIVER},
        "spec": {"attachRequired": False, "podInfoOnMount": False, "fsGroupPolicy": "File"},
    },
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS},
        "provisioner": DRIVER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    },
    *(
        {
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshotClass",
            "metadata": {"name": name},
            "driver": DRIVER,
            "deletionPolicy": "Delete",
            "parameters": parameters,
        }
        for name, parameters in ((CLASS, {}), (FAILING, {"fail": FULL}))
    ),
)


@contextmanager
def running(cluster: Cluster) -> Iterator[None]:
    """Have snapshots in the cluster for a time. The first of several runs at once starts it all, the last one ends it."""
    with shared("csi", partial(_start, cluster), partial(_stop, cluster)):
        yield


def _start(cluster: Cluster) -> None:
    cgroups.remove(CGROUP)
    cgroups.create(CGROUP)
    _mount()
    define(cluster)
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(OBJECTS))
    for name, command in _processes(cluster).items():
        _begin(first(), command, paths.LOCAL / f"{name}.log")
    _wait_registered(cluster, NODE_NAME, paths.LOCAL / "csi-driver.log")
    for each in existing():
        if each.runs and not each.owner:
            join(cluster, each)


def define(cluster: Cluster) -> None:
    """Let the cluster know snapshots; they stay known."""
    sources = gobuild.source(gotoolchain.find() or gotoolchain.install(), programs.TOOLS / "csi", CRDS)
    files = [f"--filename={sources}/config/crd/snapshot.storage.k8s.io_{kind}.yaml" for kind in KINDS]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", *files)
    names = [f"crd/{kind}.snapshot.storage.k8s.io" for kind in KINDS]
    cluster.kubectl("wait", *names, "--for=condition=Established", "--timeout=240s")


def join(cluster: Cluster, extra: Extra) -> None:
    """Have the driver on another node too, so that volumes follow their pods to it: within `running`, and after each start."""
    folder = _pool().parent.parent / extra.name
    commands.run(extra.node().command("mkdir", "--parents", str(_pool())))
    device = commands.run(first().command("findmnt", "--noheadings", "--output=SOURCE", str(_pool()))).strip()
    mounted = extra.node().command("mountpoint", "--quiet", str(_pool()))
    if subprocess.run(mounted).returncode:
        commands.run(extra.node().command("mount", device, str(_pool())))  # one file system, whoever mounts it
    log = folder / "csi-driver.log"
    _begin(extra.node(), _driver(Path(KUBELET), extra.name), log)
    _wait_registered(cluster, extra.name, log)


def _wait_registered(cluster: Cluster, name: str, log: Path) -> None:
    registered = ("get", f"csinode/{name}", "--output=jsonpath={.spec.drivers[*].name}")
    wait_for(lambda: DRIVER in cluster.kubectl(*registered).split(), f"{name} to know the CSI driver", 60, log.read_text)


def _begin(node: Node, command: tuple[str, ...], log: Path) -> None:
    # csi-provisioner would take a person's own cluster from it, whatever its option says.
    environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    with log.open("wb") as output:
        subprocess.Popen(
            cgroups.joining(CGROUP, node.command(*command)), env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip


def _processes(cluster: Cluster) -> dict[str, tuple[str, ...]]:
    kubelet = state() / "kubelet"
    socket = kubelet / "plugins" / DRIVER / "csi.sock"
    asking = (f"--kubeconfig={cluster.kubeconfig}", "--retry-interval-start=200ms", "--retry-interval-max=2s")
    return {
        "csi-driver": _driver(kubelet, NODE_NAME),
        "snapshot-controller": (str(paths.BIN / "snapshot-controller"), *asking),
        "csi-snapshotter": (str(paths.BIN / "csi-snapshotter"), *asking, f"--csi-address={socket}"),
        "csi-provisioner": (str(paths.BIN / "csi-provisioner"), *asking, f"--csi-address={socket}"),
    }


def _driver(kubelet: Path, name: str) -> tuple[str, ...]:
    socket, registry = kubelet / "plugins" / DRIVER / "csi.sock", kubelet / "plugins_registry"
    return (str(paths.BIN / "csi-driver"), f"--socket={socket}", f"--registry={registry}", f"--pool={_pool()}", f"--node={name}")


def _pool() -> Path:
    return state() / "csi" / "pool"


def _mount() -> None:
    """Mount the pool in the node, made where there is none; one of a killed run is used as it is."""
    machine.ensure_packages(("btrfs-progs",))
    pool = _pool()
    file = pool.with_suffix(".img")
    pool.mkdir(parents=True, exist_ok=True)
    if subprocess.run(first().command("mountpoint", "--quiet", str(pool))).returncode == 0:
        return
    file.unlink(missing_ok=True)
    commands.run(["truncate", f"--size={SIZE}", str(file)])
    commands.run(["mkfs.btrfs", "--quiet", str(file)])
    commands.run(first().command("mount", "-o", "loop", str(file), str(pool)))


def _stop(cluster: Cluster) -> None:
    """End it once nothing needs it any more. What is not gone by then is for the next run: the CRDs stay for the same reason."""

    def left() -> str:
        contents = cluster.kubectl("get", "volumesnapshotcontents", "--output=name")
        volumes = f"jsonpath={{.items[?(@.spec.csi.driver=='{DRIVER}')].metadata.name}}"
        return contents + cluster.kubectl("get", "persistentvolumes", f"--output={volumes}")

    wait_for(lambda: not left(), "the volumes and snapshots of the tests to be removed", 120, left, every=0.5)
    cluster.kubectl("delete", "--filename=-", "--ignore-not-found", stdin=yaml.safe_dump_all(OBJECTS))
    cgroups.remove(CGROUP)
    (state() / "kubelet" / "plugins_registry" / f"{DRIVER}-reg.sock").unlink(missing_ok=True)
    for each in existing():
        if each.runs:
            subprocess.run(each.node().command("umount", str(_pool())), capture_output=True)
    commands.run(first().command("umount", str(_pool())))
    _pool().with_suffix(".img").unlink()
