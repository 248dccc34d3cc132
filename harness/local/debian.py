"""The images' base: a small Debian with PostgreSQL's client programs and the official image's user."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.local.machine import ensure_packages, run

SUITE = "bookworm"
PACKAGES = ("ca-certificates", "locales", "openssl", "postgresql-client-15", "tzdata")
CLIENT = "/usr/lib/postgresql/15/bin"
USER = 999  # id of user and group postgres in the official image
UNUSED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/i18n",
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
)


def make(root: Path) -> None:
    """Fill the empty folder `root` with the images' base. Raises MachineError when packages cannot be fetched or unpacked."""
    bootstrap(root, PACKAGES)
    inside = ("chroot", str(root))
    run(*inside, "localedef", "--inputfile=en_US", "--charmap=UTF-8", "en_US.UTF-8")
    run(*inside, "groupadd", f"--gid={USER}", "postgres")
    run(*inside, "useradd", f"--uid={USER}", f"--gid={USER}", "--home-dir=/var/lib/postgresql", "postgres")
    remove_unused(root)
    for place in ("var/lib/postgresql", "run/postgresql"):
        (root / place).mkdir(mode=0o755)
        os.chown(root / place, USER, USER)


def bootstrap(root: Path, packages: Sequence[str], suite: str = SUITE) -> None:
    """Fill the empty folder `root` with a small Debian of this suite that has these packages. Raises MachineError."""
    ensure_packages(("debootstrap",))
    # In namespaces of its own, it ends with this program, and what it mounts below root ends with it.
    alone = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    command = [*alone, "debootstrap", "--variant=minbase", f"--include={','.join(packages)}"]
    run(*command, suite, str(root), *_mirror(), environment=_proxy())


def remove_unused(root: Path) -> None:
    """Take away what no program of an image reads."""
    for unused in UNUSED:
        shutil.rmtree(root / unused, ignore_errors=True)
    for place in ("var/cache", "var/log"):
        (root / place).mkdir(mode=0o755)


def _mirror() -> list[str]:
    """The mirror that this machine's apt uses: it has every suite. None (debootstrap's default) where apt has none."""
    wanted = ["Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main"]
    listed = subprocess.run(["apt-get", "indextargets", "--format=$(REPO_URI)", *wanted], capture_output=True, text=True)
    return [uri for uri in listed.stdout.split() if uri.startswith("http")][:1]


def _proxy() -> dict[str, str]:
    """The proxy that apt is told to use, for debootstrap, which reads the environment only."""
    asked = subprocess.run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], capture_output=True, text=True)
    proxy = asked.stdout.strip().removeprefix("proxy=").strip("'")
    return {"http_proxy": proxy} if proxy else {}
