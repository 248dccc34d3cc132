"""Programs of Debian's packages that are not installed: their files lie in the cache, where they disturb nothing.

containerd, runc, docker.io and etcd are those: installed, they would start services and take the place of a Docker that is there.
"""

import shutil
from hashlib import sha256
from pathlib import Path

from harness.local import cache, machine
from harness.local.machine import run
from harness.progress import step

KUBERNETES = ("containerd", "containernetworking-plugins", "etcd-server", "runc")
DOCKER = ("containerd", "docker.io", "runc")
CLIENT = {"12": (), "13": ("docker-cli",)}  # Debian 13 has the docker program in a package of its own


def unpacked(*names: str) -> Path:
    """A folder with the files of these packages of this machine's own Debian: usr/bin and so on.

    apt checks what it downloads against the signed lists. Raises MachineError when a package cannot be fetched.
    """
    with cache.locked("debian") as folder:
        key = sha256(" ".join(sorted(names)).encode()).hexdigest()[:16]
        target = folder / f"{machine.debian()}-{key}"
        if not target.exists():
            new = target.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            with step(f"unpack {' '.join(names)}"):
                _unpack(names, new)
            new.rename(target)
    return target


def program(name: str) -> str:
    """The path of a program of the packages that the local Kubernetes consists of."""
    return str(unpacked(*KUBERNETES) / "usr" / "bin" / name)


def docker() -> Path:
    """The folder with the docker engine and its client."""
    return unpacked(*DOCKER, *CLIENT[machine.debian()])


def _unpack(names: tuple[str, ...], folder: Path) -> None:
    machine.apt("update")
    # apt-get download writes into the current folder.
    run("env", f"--chdir={folder}", "apt-get", "--quiet=2", "download", *names)
    for package in folder.glob("*.deb"):
        run("dpkg-deb", "--extract", str(package), str(folder))
        package.unlink()
