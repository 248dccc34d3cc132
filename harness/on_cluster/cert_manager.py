"""cert-manager's own controllers beside the cluster, with a company's CA in a namespace."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import yaml

from harness import paths
from harness.kubernetes import Cluster, CommandError
from harness.local import gobuild, gotoolchain, programs
from harness.on_cluster.shared import shared
from harness.waiting import wait_for

UPSTREAM = "github.com/cert-manager/cert-manager"
PROGRAM = "cert-manager"
KINDS = ("certificaterequests", "certificates", "clusterissuers", "issuers")
CRDS = [f"{kind}.cert-manager.io" for kind in KINDS]
OURS = "billdb.test/cert-manager"
ISSUER, CA = "company", "company-ca"
LOG = paths.LOCAL / "cert-manager.log"


@contextmanager
def running(cluster: Cluster) -> Iterator[None]:
    """Have cert-manager for a time: the first of several starts it, the last one ends it. A cluster's own serves, and stays."""
    with shared("cert-manager", partial(_start, cluster), partial(_stop, cluster)):
        yield


def _start(cluster: Cluster) -> None:
    if _is_there(cluster):
        return
    _end(cluster)
    sources = gobuild.source(gotoolchain.find() or gotoolchain.install(), programs.TOOLS / PROGRAM, UPSTREAM)
    files = [sources / "deploy" / "crds" / f"cert-manager.io_{kind}.yaml" for kind in KINDS]
    definitions = [yaml.load(file.read_text(), Loader=yaml.CSafeLoader) for file in files]
    for definition in definitions:
        definition["metadata"].setdefault("labels", {})[OURS] = ""
    # On the server's side: they are too large for the annotation that kubectl would keep them in.
    cluster.kubectl("apply", "--server-side", "--filename=-", stdin=yaml.safe_dump_all(definitions))
    cluster.kubectl("wait", "crd", *CRDS, "--for=condition=Established", "--timeout=240s")
    with LOG.open("wb") as output:
        command = [str(paths.BIN / PROGRAM), _whose(cluster)]
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def _stop(cluster: Cluster) -> None:
    if _is_there(cluster):
        return
    _end(cluster)
    cluster.kubectl("delete", "crd", *CRDS)


def _end(cluster: Cluster) -> None:
    """End the controllers, whichever process of tests began them."""
    ours = ("--full", f"/{PROGRAM} {_whose(cluster)}$")
    subprocess.run(["pkill", *ours])
    wait_for(lambda: subprocess.run(["pgrep", *ours], stdout=subprocess.DEVNULL).returncode, "cert-manager to end")


def _whose(cluster: Cluster) -> str:
    return f"--kubeconfig={cluster.kubeconfig}"


def _is_there(cluster: Cluster) -> bool:
    """Whether the cluster has a cert-manager that is not what an interrupted run of these tests left."""
    others = cluster.kubectl("get", "crd", f"--selector=!{OURS}", "--output=name").split()
    return any(name.rpartition("/")[2] in CRDS for name in others)


def make_issuer(cluster: Cluster) -> None:
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
        told = LOG.read_text()[-3000:] if LOG.exists() else "the cluster's own cert-manager was to serve"
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
