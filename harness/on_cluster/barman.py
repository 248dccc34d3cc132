"""CloudNativePG's Barman Cloud plugin on the local Kubernetes, beside the operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import yaml

from harness.kubernetes import Cluster
from harness.local import barman, gobuild, gotoolchain, node, program_images, programs
from harness.local.certificates import self_signed
from harness.local.cluster import load
from harness.on_cluster.cloudnativepg import NAMESPACE
from harness.on_cluster.shared import shared

UPSTREAM = "github.com/cloudnative-pg/plugin-barman-cloud"
NAME = "barman-cloud"
IMAGE, SIDECAR = "localhost/billdb/barman-cloud-plugin:1", "localhost/billdb/barman-cloud-sidecar:1"
USER = 10001


@contextmanager
def running(cluster: Cluster) -> Iterator[None]:
    """Have the plugin for a time, where the operator runs already. The first of several starts it, the last one ends it."""
    own = Cluster(cluster.kubeconfig, NAMESPACE)
    with shared("barman", partial(start, own), partial(stop, own)):
        yield


def start(cluster: Cluster) -> None:
    """Apply the plugin's own manifest, but for its certificates, which it has cert-manager make, and wait until it answers."""
    running = node.first()
    load(running, program_images.of(IMAGE, barman.PROGRAM, USER, "/manager") | barman.image(SIDECAR))
    objects = [each for each in _manifest() if not each["apiVersion"].startswith("cert-manager.io")]
    [deployment] = [each for each in objects if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    container |= {"image": IMAGE, "imagePullPolicy": "IfNotPresent", "env": [{"name": "SIDECAR_IMAGE", "value": SIDECAR}]}
    container["readinessProbe"] |= {"initialDelaySeconds": 0, "periodSeconds": 1}
    text = yaml.safe_dump_all([*objects, *_certificates()])
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=text)
    cluster.kubectl("rollout", "restart", f"deployment/{NAME}")  # one that a killed run left has other certificates
    cluster.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=240s")


def stop(cluster: Cluster) -> None:
    """End the plugin; its CRD stays, for what a killed run left to be found by it."""
    cluster.kubectl("delete", f"deployment/{NAME}", f"service/{NAME}", "--ignore-not-found")


def _manifest() -> list[dict[str, Any]]:
    source = gobuild.source(gotoolchain.find() or gotoolchain.install(), programs.TOOLS / "cloudnative-pg", UPSTREAM)
    return [each for each in yaml.load_all((source / "manifest.yaml").read_text(), Loader=yaml.CSafeLoader) if each]


def _certificates() -> Iterator[dict[str, Any]]:
    """The Secrets with which the operator and the plugin know one another."""
    for end, name in (("server", NAME), ("client", f"{NAME}-client")):
        certificate, key = self_signed(name)
        metadata = {"name": f"{NAME}-{end}-tls", "namespace": NAMESPACE}
        data = {"tls.crt": certificate, "tls.key": key, "ca.crt": certificate}
        yield {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "stringData": data}
