"""What the machine itself must be and have: Debian, some of its packages, room on the disk."""

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import UserError
from harness.progress import step

DEBIANS = ("12", "13")
ELSEWHERE = """The local Kubernetes is made of packages of Debian 12 or 13 for amd64. Use another cluster, such as kind's:
  kind create cluster --kubeconfig kind.yaml
  nox -s up -- --kubeconfig kind.yaml"""
PACKAGES = (  # each of them conflicts with nothing and has no service; those that do are in packages.py
    "ca-certificates",
    "conntrack",  # kube-proxy forgets connections to pods that ended
    "curl",  # asks the components whether they are up
    "iproute2",
    "ipset",  # kube-router's firewall
    "iptables",
    "kmod",
    "mount",
    "procps",
    "socat",  # kubectl port-forward
    "util-linux",
)
DOCKER = ("iptables", "libdevmapper1.02.1")
STAND_INS = {"npm": "npm"}  # package → its program, when a person may well have installed that in another way
SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"  # not on everybody's PATH, not even on root's after `su`


class MachineError(UserError):
    """The machine lacks something; the message says what and how to get it."""


def debian() -> str:
    """The version of this machine's Debian, "12" or "13". Raises MachineError on any other system, with what to do there."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    version = release.get("VERSION_ID", "")
    if release.get("ID") != "debian" or version not in DEBIANS or platform.machine() != "x86_64":
        found = release.get("PRETTY_NAME") or platform.system()
        raise MachineError(f"this machine has {found} for {platform.machine()}.\n{ELSEWHERE}")
    return version


def ensure_packages(packages: Sequence[str] = PACKAGES) -> None:
    """Install the Debian packages that are missing. Raises MachineError where that cannot be done, with their names."""
    missing = _missing(packages)
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0:
        raise MachineError(f"these packages are missing: {names}; run as root, or install them: apt-get install {names}")
    with step(f"install {names}"):
        apt("update")
        apt("install", "--yes", "--no-install-recommends", "--no-remove", *missing)


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


def search_path(*roots: Path) -> str:
    """PATH with the programs of unpacked packages first, and with the folders of the system's own programs."""
    unpacked = [str(root / "usr" / folder) for root in roots for folder in ("sbin", "bin")]
    return ":".join([*unpacked, os.environ["PATH"], SYSTEM])


def run(*command: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a command that makes files anyone may read. Raises MachineError with what it says if it fails."""
    variables = os.environ | {"PATH": search_path(), **(environment or {})}
    done = subprocess.run(command, env=variables, umask=0o022, capture_output=True, text=True)
    if done.returncode:
        raise MachineError(
            f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}\n"
            "Do what it says (is the network reachable, the disk full?), then run the same again."
        )


def apt(*arguments: str) -> None:
    """Run apt-get without questions, waiting for another that is at work. Raises MachineError."""
    quiet = ("--quiet=2", "--option=DPkg::Lock::Timeout=300")
    run("apt-get", *quiet, *arguments, environment={"DEBIAN_FRONTEND": "noninteractive"})


def _missing(packages: Sequence[str]) -> list[str]:
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages]
    answer = subprocess.run(query, capture_output=True, text=True).stdout.splitlines()
    return [
        package for package in packages if f"{package} installed" not in answer and not shutil.which(STAND_INS.get(package, ""))
    ]
