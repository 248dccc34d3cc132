"""Starts and ends what the tests of monitoring share: its objects are in objects/."""

from pathlib import Path

from harness.kubernetes import Cluster
from harness.local import gobuild, gotoolchain, node, program_images, programs
from harness.local.cluster import load

NAMESPACE = "billdb-monitoring"
OPERATOR = "github.com/prometheus-operator/prometheus-operator"
PROGRAMS = ("prometheus-operator", "prometheus-config-reloader", "prometheus", "alertmanager", "kube-state-metrics", "receiver")
OBJECTS = Path(__file__).parent / "objects"
READY = (
    "deployment/operator",
    "deployment/kube-state-metrics",
    "deployment/receiver",
    "prometheus/all",
    "alertmanager/all",
)
KUBELET = "service/billdb-monitoring-kubelet"


def start(cluster: Cluster) -> None:
    """Make everything anew and wait until it answers. What a killed run left is removed before."""
    running = node.first()
    for program in PROGRAMS:
        load(running, program_images.of(f"localhost/billdb/{program}:1", program))
    sources = gobuild.source(gotoolchain.find() or gotoolchain.install(), programs.TOOLS / "monitoring", OPERATOR)
    crds = sources / "example" / "prometheus-operator-crd"
    cluster.kubectl("apply", "--server-side", "--force-conflicts", f"--filename={crds}")
    cluster.kubectl("wait", f"--filename={crds}", "--for=condition=Established", "--timeout=120s")
    stop(cluster)
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("apply", f"--filename={OBJECTS}")
    cluster.kubectl("wait", *READY, "--for=condition=Available", "--timeout=240s")


def stop(cluster: Cluster) -> None:
    """Remove everything but the CRDs: releases of other tests may still hold objects of those kinds."""
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", timeout=300)
    cluster.kubectl("delete", f"--filename={OBJECTS}", "--ignore-not-found")
    cluster.kubectl("delete", KUBELET, "--namespace=kube-system", "--ignore-not-found")


def address(cluster: Cluster, service: str) -> str:
    """Where a Service of the namespace answers, from this machine too."""
    spec = cluster.get(f"service/{service}")["spec"]
    return f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}"
