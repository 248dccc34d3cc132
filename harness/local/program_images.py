"""Images that hold one static program each."""

from hashlib import sha256
from pathlib import Path

from harness import paths
from harness.local import archive, cache, programs

NOBODY = 65534


def of(name: str, program: str, user: int = NOBODY, place: str = "", link: str = "") -> dict[str, Path]:
    """`name` → docker-archive file of an image with a program of programs.ALL as its entrypoint `place`, run as `user`.

    `place` is /bin/PROGRAM where none is given. Builds what the cache lacks.
    """
    programs.install([program])
    with cache.locked("images") as folder:
        return {name: build(folder, name, program, place or f"/bin/{program}", user, link)}


def build(folder: Path, name: str, program: str, place: str, user: int | None = None, link: str = "") -> Path:
    """Write the archive to `folder`, where it is not there: the program of .local/bin at `place`, and a link to it at `link`.

    To be called with the lock.
    """
    content = (paths.BIN / program).read_bytes()
    config = {"Entrypoint": [place]} | ({} if user is None else {"User": str(user)})
    target = folder / f"{program}-{sha256(content + f'{name} {config} {link}'.encode()).hexdigest()[:16]}.tar"
    if not target.exists():
        with cache.scratch(folder) as root:
            file = root / place.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o755)
            if link:
                (root / link.lstrip("/")).symlink_to(place)
            archive.image(target, name, [archive.layer(root, root.parent / "layer.tar")], config)
    return target
