"""What the machine itself must have: Debian packages and room on the disk."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.progress import step

PACKAGES = (
    "ca-certificates",
    "curl",  # asks the components whether they are up
    "conntrack",  # kube-proxy forgets connections to pods that ended
    "containerd",
    "containernetworking-plugins",
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
)
PROGRAMS_THAT_STAND_IN = {"npm": "npm"}  # a program that was installed in another way than by its package


class MachineError(Exception):
    """The machine lacks something; the message says what and how to get it."""


def ensure_packages() -> None:
    """Install the Debian packages that are missing. Raises MachineError where that cannot be done, with their names."""
    missing = [name for name in PACKAGES if not _installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise MachineError(f"not root, so the local Kubernetes cannot run; and missing: {' '.join(missing)}. Run as root.")
    if not shutil.which("apt-get"):
        raise MachineError(f"no apt-get here; install yourself what corresponds to Debian's: {' '.join(missing)}")
    with step(f"install {' '.join(missing)}"), _no_service_starts():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *missing)


def require_root() -> None:
    """Raise MachineError unless the process may start a Kubernetes."""
    if os.geteuid() != 0:
        raise MachineError("the local Kubernetes needs root (mounts, interfaces, firewall): run as root, e.g. with sudo")


def require_disk(path: Path, gibibytes: float) -> None:
    """Raise MachineError when less than `gibibytes` GiB are free where `path` is (or will be)."""
    there = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < gibibytes:
        raise MachineError(f"{there}: {free:.1f} GiB free, {gibibytes:g} GiB needed; make room, then run the same again")


def _installed(package: str) -> bool:
    program = PROGRAMS_THAT_STAND_IN.get(package)
    if program and shutil.which(program):
        return True
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    try:
        return subprocess.run(query, capture_output=True, text=True).stdout == "installed"
    except FileNotFoundError:
        return False


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "--quiet=2", "--option=DPkg::Lock::Timeout=300", *arguments],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise MachineError(f"apt-get {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


class _no_service_starts:  # noqa: N801
    """While it lasts, Debian's packages install their services without starting them (policy-rc.d's answer 101)."""

    policy = Path("/usr/sbin/policy-rc.d")

    def __enter__(self) -> None:
        self.made = not self.policy.exists()
        if self.made:
            with tempfile.NamedTemporaryFile("w", dir=self.policy.parent, delete=False) as script:
                script.write("#!/bin/sh\nexit 101\n")
            Path(script.name).chmod(0o755)
            Path(script.name).rename(self.policy)

    def __exit__(self, *_: object) -> None:
        if self.made:
            self.policy.unlink(missing_ok=True)
