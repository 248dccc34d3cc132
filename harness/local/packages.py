"""Programs of Debian's packages that are not installed: their files lie in the cache, where they disturb nothing.

containerd, runc, docker.io and etcd are those: installed, they would start services and take the place of a Docker that is there.
"""

import shutil
from hashlib import sha256
from pathlib import Path

from harness import paths
from harness.local import cache, machine
from harness.local.machine import run
from harness.progress import step

KUBERNETES = ("containerd", "containernetworking-plugins", "etcd-server", "runc")
DOCKER = ("containerd", "docker.io", "runc", "tini")
CLIENT = {"12": (), "13": ("docker-cli",)}  # Debian 13 has the docker program in a package of its own


def unpacked(*names: str) -> Path:
    """A folder with the files of these packages of this machine's own Debian: usr/bin and so on.

    apt checks what it downloads against the signed lists. Raises MachineError when a package cannot be fetched.
    """
    key = sha256(" ".join(sorted(names)).encode()).hexdigest()[:16]
    target = paths.CACHE / "debian" / f"{machine.debian()}-{key}"
    if not target.exists():
        with cache.locked("debian"):
            _unpack(names, target)
    return target


def program(name: str) -> str:
    """The path of a program of the packages that the local Kubernetes consists of."""
    return str(unpacked(*KUBERNETES) / "usr" / "bin" / name)


def docker() -> Path:
    """The folder with the docker engine and its client."""
    return unpacked(*DOCKER, *CLIENT[machine.debian()])


def _unpack(names: tuple[str, ...], target: Path) -> None:
    if target.exists():  # whoever held the lock before has done it
        return
    new = target.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    with step(f"unpack {' '.join(names)}"):
        machine.apt("update")
        # apt-get download writes into the current folder.
        run("env", f"--chdir={new}", "apt-get", "--quiet=2", "download", *names)
        for package in new.glob("*.deb"):
            run("dpkg-deb", "--extract", str(package), str(new))
            package.unlink()
    new.rename(target)
