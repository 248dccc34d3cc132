"""VolumeSnapshots on the local Kubernetes: the snapshot controller, and a CSI driver for tests whose volumes lie on btrfs.

The driver and its sidecars run in the node, in a control group of their own, and the file system lies in a file on a loop device
that the kernel frees with its mount. So what a killed run left ends with the node at the latest, and the next run takes it over.
"""

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
from harness.local.node import Node, current
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


def _node() -> Node:
    node = current()
    assert node, "this needs the local Kubernetes"
    return node


def _state() -> Path:
    """The folder of the node's state, which may be another checkout's."""
    return Path(_node().checkout) / ".local" / "state"


def _start(cluster: Cluster) -> None:
    cgroups.remove(CGROUP)
    cgroups.create(CGROUP)
    _mount()
    sources = gobuild.source(gotoolchain.find() or gotoolchain.install(), programs.TOOLS / "csi", CRDS)
    files = [f"--filename={sources}/config/crd/snapshot.storage.k8s.io_{kind}.yaml" for kind in KINDS]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", *files)
    names = [f"crd/{kind}.snapshot.storage.k8s.io" for kind in KINDS]
    cluster.kubectl("wait", *names, "--for=condition=Established", "--timeout=60s")
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(OBJECTS))
    for name, command in _processes(cluster).items():
        with (paths.LOCAL / f"{name}.log").open("wb") as log:
            subprocess.Popen(
                cgroups.joining(CGROUP, _node().command(*command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
    registered = ("get", f"csinode/{NODE_NAME}", "--output=jsonpath={.spec.drivers[*].name}")
    seen = paths.LOCAL / "csi-driver.log"
    wait_for(lambda: DRIVER in cluster.kubectl(*registered).split(), "the kubelet to know the CSI driver", 60, seen.read_text)


def _processes(cluster: Cluster) -> dict[str, tuple[str, ...]]:
    kubelet = _state() / "kubelet"
    socket = kubelet / "plugins" / DRIVER / "csi.sock"
    asking = (f"--kubeconfig={cluster.kubeconfig}", "--retry-interval-start=200ms", "--retry-interval-max=2s")
    driver = (f"--socket={socket}", f"--registry={kubelet / 'plugins_registry'}", f"--pool={_pool()}", f"--node={NODE_NAME}")
    return {
        "csi-driver": (str(paths.BIN / "csi-driver"), *driver),
        "snapshot-controller": (str(paths.BIN / "snapshot-controller"), *asking),
        "csi-snapshotter": (str(paths.BIN / "csi-snapshotter"), *asking, f"--csi-address={socket}"),
        "csi-provisioner": (str(paths.BIN / "csi-provisioner"), *asking, f"--csi-address={socket}"),
    }


def _pool() -> Path:
    return _state() / "csi" / "pool"


def _mount() -> None:
    """Mount the pool in the node, made where there is none; one of a killed run is used as it is."""
    machine.ensure_packages(("btrfs-progs",))
    pool = _pool()
    file = pool.with_suffix(".img")
    pool.mkdir(parents=True, exist_ok=True)
    if subprocess.run(_node().command("mountpoint", "--quiet", str(pool))).returncode == 0:
        return
    file.unlink(missing_ok=True)
    commands.run(["truncate", f"--size={SIZE}", str(file)])
    commands.run(["mkfs.btrfs", "--quiet", str(file)])
    commands.run(_node().command("mount", "-o", "loop", str(file), str(pool)))


def _stop(cluster: Cluster) -> None:
    """End it once nothing needs it any more. What is not gone by then is for the next run: the CRDs stay for the same reason."""

    def left() -> str:
        contents = cluster.kubectl("get", "volumesnapshotcontents", "--output=name")
        volumes = f"jsonpath={{.items[?(@.spec.csi.driver=='{DRIVER}')].metadata.name}}"
        return contents + cluster.kubectl("get", "persistentvolumes", f"--output={volumes}")

    wait_for(lambda: not left(), "the volumes and snapshots of the tests to be removed", 120, left, every=0.5)
    cluster.kubectl("delete", "--filename=-", "--ignore-not-found", stdin=yaml.safe_dump_all(OBJECTS))
    cgroups.remove(CGROUP)
    (_state() / "kubelet" / "plugins_registry" / f"{DRIVER}-reg.sock").unlink(missing_ok=True)
    commands.run(_node().command("umount", str(_pool())))
    _pool().with_suffix(".img").unlink()
