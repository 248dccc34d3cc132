"""What the local Kubernetes holds from the start: the StorageClass and the provisioner's settings."""

import json
import subprocess

import yaml

from harness import paths
from harness.local.machine import MachineError

STORAGE_CLASS = "managed-standard"  # the plan's, here on local-path
OBJECTS = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "local-path-storage"}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "local-path-config", "namespace": "local-path-storage"},
        "data": {
            "setup": '#!/bin/sh\nmkdir -m 0777 -p "$VOL_DIR"\n',
            "teardown": '#!/bin/sh\nrm -rf "$VOL_DIR"\n',
        },
    },
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS},
        "provisioner": "rancher.io/local-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    },
)


def apply() -> None:
    """Create or update the objects."""
    _kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=yaml.safe_dump_all(OBJECTS))


def wait_for_node(name: str, seconds: int = 60) -> None:
    """Wait until the node is registered and Ready."""
    _kubectl("wait", f"node/{name}", "--for=create", f"--timeout={seconds}s")
    _kubectl("wait", f"node/{name}", "--for=condition=Ready", f"--timeout={seconds}s")


def node_is_ready(name: str) -> bool:
    """Whether the API server answers and calls the node Ready."""
    try:
        node = json.loads(_kubectl("get", f"node/{name}", "--output=json", "--request-timeout=2s"))
    except MachineError:
        return False
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])


def _kubectl(*arguments: str, stdin: str | None = None) -> str:
    command = [str(paths.BIN / "kubectl"), f"--kubeconfig={paths.KUBECONFIG}", *arguments]
    done = subprocess.run(command, input=stdin, text=True, capture_output=True)
    if done.returncode:
        raise MachineError(f"kubectl {' '.join(arguments)}: {done.stderr}")
    return done.stdout
