"""Image archives as `docker save` writes them (image specification v1.2): written, and loaded into containerd or docker."""

import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from harness.local.machine import MachineError, run


def layer(root: Path, target: Path) -> Path:
    """Pack the folder `root` as an uncompressed layer `target`: sorted, owners by number, one fixed time."""
    new = target.with_suffix(".new")
    reproducible = ("--sort=name", "--mtime=@0", "--numeric-owner")
    run("tar", "--create", *reproducible, f"--file={new}", f"--directory={root}", ".")
    new.rename(target)
    return target


def image(target: Path, name: str, layers: list[Path], config: dict[str, Any]) -> None:
    """Write the archive `target` of the image `name`: these layers, bottom first, and this container configuration."""
    digests = []
    for file in layers:
        with file.open("rb") as stream:
            digests.append(file_digest(stream, "sha256").hexdigest())
    description = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        }
    ).encode()
    description_name = f"{sha256(description).hexdigest()}.json"
    places = [f"{digest}/layer.tar" for digest in digests]
    manifest = [{"Config": description_name, "RepoTags": [name], "Layers": places}]
    new = target.with_suffix(".new")
    with tarfile.open(new, "w") as archive:
        for place, file in zip(places, layers, strict=True):
            archive.add(file, place, filter=_plain)
        _add(archive, description_name, description)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    new.rename(target)


def load(archives: Mapping[str, Path], stored: Mapping[str, str], command: Sequence[str]) -> None:
    """Load the archives (image name → file) with the command, without those whose image is in `stored` (name → id).

    Raises MachineError when the command refuses one.
    """
    for name, file in archives.items():
        if stored.get(name) == identity(file):
            continue
        done = subprocess.run([*command, str(file)], capture_output=True, text=True)
        if done.returncode:
            raise MachineError(f"{file} cannot be loaded: {done.stderr}\nRemove it and run the same again.")


def identity(file: Path) -> str:
    """The id of an archive's image, as docker and the kubelet call it: the digest of its configuration."""
    with tarfile.open(file) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest
        [image] = json.load(manifest)
    return f"sha256:{image['Config'].removesuffix('.json')}"


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Keep a member's name and size only, so that the same content is the same archive."""
    plain = tarfile.TarInfo(member.name)
    plain.size = member.size
    return plain


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, BytesIO(content))
