"""Client pods that a namespace enforcing Pod Security's `restricted` admits."""

from collections.abc import Mapping
from typing import Any

import yaml

from harness.kubernetes import Cluster

IMAGE = "docker.io/library/postgres:14"


def manifest(name: str, script: str, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A pod with the one container `client`, which runs a bash script in the server's image as its user."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels or {})},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 999,
                "runAsGroup": 999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "client",
                    "image": IMAGE,
                    "command": ["bash", "-c", script],
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    }


def standing(cluster: Cluster, name: str, labels: Mapping[str, str], files: Mapping[str, str]) -> str:
    """Start a pod to run commands in, with these files in /tmp, for its user only; returns its name."""
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(manifest(name, "exec sleep infinity", labels)))
    cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=240s")
    for file, content in files.items():
        cluster.kubectl("exec", "--stdin", name, "--", "bash", "-c", f"umask 077; cat > /tmp/{file}", stdin=content)
    return name


def listening(cluster: Cluster, name: str, port: int) -> str:
    """Start a pod that takes every TCP connection on the port; returns its address."""
    take = f"use IO::Socket::INET; $all = IO::Socket::INET->new(LocalPort => {port}, Listen => 9) or die; $all->accept while 1"
    made = manifest(name, f"exec perl -e '{take}'")
    [container] = made["spec"]["containers"]
    container["readinessProbe"] = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(made))
    cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=240s")
    return str(cluster.get(f"pod/{name}")["status"]["podIP"])
