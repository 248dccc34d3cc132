"""Writes image archives as `docker save` does (image specification v1.2): containerd and docker load them."""

import json
import tarfile
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from harness.local.machine import run


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


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Keep a member's name and size only, so that the same content is the same archive."""
    plain = tarfile.TarInfo(member.name)
    plain.size = member.size
    return plain


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, BytesIO(content))
