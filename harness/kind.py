"""The cluster that kind runs in a docker engine, instead of the local Kubernetes."""

import hashlib
import shutil
from pathlib import Path

from harness import commands, paths
from harness.commands import CommandError
from harness.errors import UserError
from harness.progress import step

NAME = f"billdb-{hashlib.sha256(str(paths.ROOT).encode()).hexdigest()[:6]}"  # a checkout's own: nobody else's is taken or deleted


def missing() -> str:
    """What kind cannot run without here, in words; nothing when it can."""
    absent = [name for name in ("kind", "docker") if not shutil.which(name)]
    if absent:
        return f"{' and '.join(absent)} on PATH"
    try:
        commands.run(["docker", "version", "--format={{.Server.Version}}"], timeout=10)
    except CommandError as error:
        return f"a docker engine that answers ({error})"
    return ""


def exists() -> bool:
    """Whether this checkout's cluster is there."""
    return NAME in commands.run(["kind", "get", "clusters"], timeout=60).split()


def start() -> None:
    """Make the cluster, or take the one that is there; its kubeconfig is .local/kubeconfig. Raises CommandError."""
    paths.LOCAL.mkdir(exist_ok=True)
    if exists():
        with step(f"take the cluster {NAME} of kind"):
            commands.run(["kind", "export", "kubeconfig", f"--name={NAME}", f"--kubeconfig={paths.KUBECONFIG}"])
        return
    with step(f"kind create cluster --name={NAME}"):
        create = ["kind", "create", "cluster", f"--name={NAME}", f"--kubeconfig={paths.KUBECONFIG}", "--wait=180s"]
        try:
            commands.run(create, timeout=1200)
        except CommandError as error:
            raise UserError(f"{error}\nWithout kind: `nox -s up -- --engine=local`") from None


def load(archive: Path) -> None:
    """Put the image of an archive on the cluster's nodes."""
    commands.run(["kind", "load", "image-archive", str(archive), f"--name={NAME}"], timeout=600)


def nodes() -> list[str]:
    """The containers that are the cluster's nodes."""
    return commands.run(["kind", "get", "nodes", f"--name={NAME}"], timeout=60).split()


def delete() -> None:
    """Delete the cluster, with its volumes."""
    with step(f"kind delete cluster --name={NAME}"):
        commands.run(["kind", "delete", "cluster", f"--name={NAME}", f"--kubeconfig={paths.KUBECONFIG}"])
