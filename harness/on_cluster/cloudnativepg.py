"""CloudNativePG's operator on the local Kubernetes, from its own manifest, in the namespace that this names."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from harness.kubernetes import Cluster
from harness.local import gobuild, gotoolchain, node, program_images, programs
from harness.local.cluster import load
from harness.on_cluster import csi
from harness.on_cluster.shared import at_most, shared

MAJOR = "17"  # whose stand-in has a pg_rewind of the server's very version: harness/local/dumpers.py
# Three servers and what belongs to them on a small node; a day's backup is another test's.
SMALL: Mapping[str, Any] = {
    "engine": "cloudnativepg",
    "image": {"tag": MAJOR},
    "persistence": {"size": "1Gi"},
    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    "postgresql": {"parameters": {"shared_buffers": "64MB", "max_wal_size": "256MB", "min_wal_size": "64MB"}},
    "backup": {"enabled": False},
    "retention": {"enabled": False},
}
UPSTREAM = "github.com/cloudnative-pg/cloudnative-pg"
NAMESPACE = "cnpg-system"
OPERATOR = "deployment/cnpg-controller-manager"
PODS = "app.kubernetes.io/name=cloudnative-pg"  # of the operator
USER = 10001
# A probe that is late restarts the operator, and the manifest's tenth of a core is little for the clusters of several tests.
RESOURCES = {"requests": {"cpu": "50m", "memory": "100Mi"}, "limits": {"cpu": "1", "memory": "400Mi"}}


@contextmanager
def running(cluster: Cluster) -> Iterator[None]:
    """Have the operator for a time. The first of several processes starts it, the last one ends it; the CRDs stay."""
    own = Cluster(cluster.kubeconfig, NAMESPACE)
    with shared("cloudnativepg", partial(start, own), partial(stop, own)):
        yield


def start(cluster: Cluster) -> None:
    """Apply the manifest and wait until the operator answers its webhooks; one that runs is left as it is."""
    running = node.first()
    objects = manifest()
    [deployment] = [each for each in objects if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    container |= {"imagePullPolicy": "IfNotPresent", "resources": RESOURCES}
    load(running, image())
    csi.define(cluster)  # whether there are snapshots the operator finds out when it starts, and never again
    # On the server's side: the CRDs are too large for the annotation that kubectl would keep them in.
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=yaml.safe_dump_all(objects))
    wait_answering(cluster)


def wait_answering(cluster: Cluster) -> None:
    """Wait until the operator's pod is ready: its webhooks answer then."""
    Cluster(cluster.kubeconfig, NAMESPACE).kubectl("rollout", "status", OPERATOR, "--timeout=240s")


def image() -> dict[str, Path]:
    """Image name → docker-archive file of the operator's, which each server's pod takes its instance manager from."""
    [deployment] = [each for each in manifest() if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return program_images.of(container["image"], "cloudnative-pg", USER, "/operator/manager_amd64", "/manager")


def stop(cluster: Cluster) -> None:
    """End the operator; the CRDs stay, for what a killed run left to be found by them."""
    cluster.kubectl("delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "--ignore-not-found", *WEBHOOKS)
    cluster.kubectl("delete", OPERATOR, "--ignore-not-found")


@contextmanager
def away(cluster: Cluster) -> Iterator[None]:
    """Have nobody look after the cluster's servers for the block; another process waits, for it would bring the operator back."""
    own = Cluster(cluster.kubeconfig, NAMESPACE)
    with at_most(1, "operator-away"):
        own.kubectl("scale", OPERATOR, "--replicas=0")
        own.kubectl("wait", "pods", f"--selector={PODS}", "--for=delete", "--timeout=120s")
        try:
            yield
            assert not own.get("pods", f"--selector={PODS}")["items"], "somebody brought the operator back meanwhile"
        finally:
            own.kubectl("scale", OPERATOR, "--replicas=1")
            own.kubectl("rollout", "status", OPERATOR, "--timeout=240s")


WEBHOOKS = ("cnpg-mutating-webhook-configuration", "cnpg-validating-webhook-configuration")


def manifest() -> list[dict[str, Any]]:
    """The objects of the operator's own manifest of the version that harness/tools has."""
    go = gotoolchain.find() or gotoolchain.install()
    version = gobuild.version(go, programs.TOOLS / "cloudnative-pg", UPSTREAM)
    file = gobuild.source(go, programs.TOOLS / "cloudnative-pg", UPSTREAM) / "releases" / f"cnpg-{version.removeprefix('v')}.yaml"
    return [each for each in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) if each]
