"""Packages of npm's registry, unpacked only when they are what the repository knows."""

from base64 import b64encode
from hashlib import sha512
from pathlib import Path

from harness.local.machine import MachineError, run


def fetch(package: str, version: str, integrity: str, folder: Path) -> Path:
    """Download a package's tarball into `folder` and return its path.

    `integrity` is as `npm view PACKAGE@VERSION dist.integrity` has it. Raises MachineError when the tarball has another one.
    """
    run("npm", "pack", "--silent", f"--pack-destination={folder}", f"{package}@{version}")
    [tarball] = folder.glob("*.tgz")
    check(tarball, integrity)
    return tarball


def check(tarball: Path, integrity: str) -> None:
    """Raise MachineError when the file's SHA-512 is not `integrity`."""
    found = f"sha512-{b64encode(sha512(tarball.read_bytes()).digest()).decode()}"
    if found != integrity:
        raise MachineError(
            f"{tarball.name} is not the file that this repository was tested with, and was not unpacked:\n"
            f"expected {integrity}\nfound    {found}\n"
            "Run the same again; if it stays so, ask who runs the npm registry that `npm config get registry` names."
        )
