"""A namespace for measuring in, emptied between installations."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness import paths
from harness.kubernetes import Cluster

KINDS = "statefulset,cronjob,job,pod,service,configmap,networkpolicy,poddisruptionbudget,serviceaccount,secret,pvc"


@contextmanager
def namespace(name: str) -> Iterator[Cluster]:
    """The local cluster in a namespace that goes with the block; what a killed run left in it goes first."""
    cluster = Cluster(paths.KUBECONFIG, name)
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=true")
    cluster.kubectl("apply", "--filename=-", stdin=f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n")
    try:
        yield cluster
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=true")


def empty(cluster: Cluster) -> None:
    """Delete what an installation made."""
    cluster.kubectl("delete", KINDS, "--all", "--wait=true")
