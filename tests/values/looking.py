"""The chart as helm renders it while it looks into a cluster that has given objects."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from harness.helm_template import RenderError, template
from harness.stub_cluster import KINDS, Kind, Object, serving

SERVER = "postgresql-bill-inquiry"
# Every namespace has it, and where a class is the default nothing is to be said of storage.
ROOT = {"kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}}
CLASS = {"kind": "StorageClass", "metadata": {"name": "managed-standard"}, "provisioner": "disk.csi.azure.com"}
OURS = {"meta.helm.sh/release-name": "billdb", "meta.helm.sh/release-namespace": "phonebill-dev"}
LABELS = {"app.kubernetes.io/managed-by": "Helm"}


def named(kind: str, name: str, annotations: Mapping[str, str] = OURS, **rest: Any) -> dict[str, Any]:
    """An object of a kind, as the cluster has it; by default this release's."""
    return {"kind": kind, "metadata": {"name": name, "labels": LABELS, "annotations": dict(annotations)}, **rest}


def secret(name: str, *keys: str, annotations: Mapping[str, str] = OURS) -> dict[str, Any]:
    """A Secret with these keys."""
    return named("Secret", name, annotations, data={key: b64encode(b"x").decode() for key in keys})


def claim(name: str = f"{SERVER}-pvc", annotations: Mapping[str, str] = OURS, **spec: Any) -> dict[str, Any]:
    """A bound claim."""
    wanted = {"storageClassName": "managed-standard", "accessModes": ["ReadWriteOnce"]}
    request = {"resources": {"requests": {"storage": "20Gi"}}}
    return named("PersistentVolumeClaim", name, annotations, spec=wanted | request | spec, status={"phase": "Bound"})


def look(
    values: Mapping[str, Any], *objects: Object, kinds: Sequence[Kind] = KINDS, upgrade: bool = False
) -> dict[tuple[str, str], dict[str, Any]]:
    """The rendered objects by kind and name. Raises RenderError."""
    with serving([ROOT, CLASS, *objects], kinds) as kubeconfig:
        printed = template(values, kubeconfig=kubeconfig, upgrade=upgrade)
    return {(o["kind"], o["metadata"]["name"]): o for o in yaml.load_all(printed, yaml.CSafeLoader) if o}


def problems(values: Mapping[str, Any], *objects: Object, kinds: Sequence[Kind] = KINDS, upgrade: bool = False) -> list[str]:
    """What the chart refuses."""
    with pytest.raises(RenderError) as refusal:
        look(values, *objects, kinds=kinds, upgrade=upgrade)
    return [line.removeprefix("- ") for line in str(refusal.value).splitlines() if line.startswith("- ")]
