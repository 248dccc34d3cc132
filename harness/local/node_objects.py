"""What Kubernetes keeps of the nodes beside the first, and what a pod needs to come to one that belongs to a test."""

import json
from datetime import datetime

import yaml

from harness import paths
from harness.kubernetes import Cluster
from harness.waiting import wait_for

EXTRA = "billdb/extra"
FOR_PODS = {
    "nodeSelector": {EXTRA: "true"},
    "tolerations": [{"key": EXTRA, "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
}


def apply(name: str, number: int, pods: str, tainted: bool) -> None:
    """Make the object before the kubelet does: with the range of the node's pods, its zone and its taint from the start."""
    labels = {"topology.kubernetes.io/zone": str(number), "kubernetes.io/hostname": name}
    taints = [{"key": EXTRA, "value": "true", "effect": "NoSchedule"}] if tainted else []
    if tainted:
        labels[EXTRA] = "true"
    told = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": pods, "podCIDRs": [pods], **({"taints": taints} if taints else {})},
    }
    if not _kubectl("get", f"node/{name}", "--ignore-not-found", "--output=name"):
        _kubectl("create", "--filename=-", stdin=yaml.safe_dump(told))


def remove(name: str) -> None:
    """Remove it and its pods, of which nobody else would say that they have ended."""
    on_node = ("--all-namespaces", f"--field-selector=spec.nodeName={name}", "--output=json")
    for pod in json.loads(_kubectl("get", "pods", *on_node))["items"]:
        there = Cluster(paths.KUBECONFIG, pod["metadata"]["namespace"])
        there.kubectl(
            "delete", f"pod/{pod['metadata']['name']}", "--ignore-not-found", "--force", "--grace-period=0", "--wait=false"
        )
    _kubectl("delete", f"node/{name}", "--ignore-not-found")


def wait_ready(name: str, since: datetime) -> None:
    """Wait until the kubelet has said so since then: what one said that was killed stands for most of a minute."""

    def ready() -> bool:
        conditions = json.loads(_kubectl("get", f"node/{name}", "--output=json"))["status"].get("conditions", [])
        return any(
            each["type"] == "Ready" and each["status"] == "True" and datetime.fromisoformat(each["lastHeartbeatTime"]) >= since
            for each in conditions
        )

    wait_for(ready, f"{name} to be Ready", every=0.2)


def drain(name: str, seconds: int) -> None:
    """Move the node's pods away. Raises CommandError after that time."""
    options = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", f"--timeout={seconds}s")
    _kubectl("drain", name, *options, timeout=seconds + 30)


def uncordon(name: str) -> None:
    """Let pods come to it again."""
    _kubectl("uncordon", name)


def _kubectl(*arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
    return Cluster(paths.KUBECONFIG, "default").kubectl(*arguments, stdin=stdin, timeout=timeout)
