"""cert-manager's own controllers beside the cluster, with a company's CA in a namespace."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from harness import paths
from harness.kubernetes import Cluster, CommandError
from harness.local import gobuild, gotoolchain, programs

UPSTREAM = "github.com/cert-manager/cert-manager"
KINDS = ("certificaterequests", "certificates", "clusterissuers", "issuers")
CRDS = [f"{kind}.cert-manager.io" for kind in KINDS]
OURS = "billdb.test/cert-manager"
ISSUER, CA = "company", "company-ca"


@contextmanager
def running(cluster: Cluster, log: Path) -> Iterator[None]:
    """Add cert-manager to the cluster and take it away again; where the cluster has its own, that is left alone and serves."""
    if _is_there(cluster):
        yield
        return
    sources = gobuild.source(gotoolchain.find() or gotoolchain.install(), programs.TOOLS / "cert-manager", UPSTREAM)
    files = [f"--filename={sources}/deploy/crds/cert-manager.io_{kind}.yaml" for kind in KINDS]
    # On the server's side: they are too large for the annotation that kubectl would keep them in.
    cluster.kubectl("apply", "--server-side", *files)
    cluster.kubectl("label", "--overwrite", "crd", *CRDS, f"{OURS}=")
    cluster.kubectl("wait", "crd", *CRDS, "--for=condition=Established", "--timeout=240s")
    with log.open("wb") as output:
        command = [str(paths.BIN / "cert-manager"), f"--kubeconfig={cluster.kubeconfig}"]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
        cluster.kubectl("delete", "crd", *CRDS)


def _is_there(cluster: Cluster) -> bool:
    """Whether the cluster has a cert-manager that is not what an interrupted run of these tests left."""
    others = cluster.kubectl("get", "crd", f"--selector=!{OURS}", "--output=name").split()
    return any(name.rpartition("/")[2] in CRDS for name in others)


def make_issuer(cluster: Cluster, log: Path) -> None:
    """Make the Issuer ISSUER in the namespace, whose CA is in the Secret CA, and wait until it can sign."""
    objects: list[dict[str, Any]] = [
        _object("Issuer", "self-signed", {"selfSigned": {}}),
        _object("Certificate", CA, {
            "secretName": CA, "commonName": "company CA", "isCA": True, "duration": "87600h",
            "privateKey": {"algorithm": "ECDSA"}, "issuerRef": {"name": "self-signed"}}),
        _object("Issuer", ISSUER, {"ca": {"secretName": CA}}),
    ]  # fmt: skip
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(objects))
    try:
        cluster.kubectl("wait", f"issuer/{ISSUER}", "--for=condition=Ready", "--timeout=240s")
    except CommandError as error:
        told = log.read_text()[-3000:] if log.exists() else "the cluster's own cert-manager was to serve"
        raise AssertionError(f"{error}\ncert-manager says:\n{told}") from error


def _object(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def renew(cluster: Cluster, name: str) -> None:
    """Have a Certificate renewed now, as `cmctl renew` does, and wait until its Secret holds the new one."""
    certificate = cluster.get(f"certificate/{name}")
    status = certificate["status"]
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    status["conditions"].append(
        {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "lastTransitionTime": now}
    )  # fmt: skip
    cluster.kubectl("replace", "--subresource=status", "--filename=-", stdin=json.dumps(certificate))
    revision = f"jsonpath={{.status.revision}}={status['revision'] + 1}"
    cluster.kubectl("wait", f"certificate/{name}", f"--for={revision}", "--timeout=240s")
