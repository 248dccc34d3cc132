"""The image of PgBouncer that CloudNativePG's poolers run: a Debian that has one new enough for prepared statements."""

import os
from hashlib import sha256
from pathlib import Path

from harness.local import archive, cache, debian
from harness.local.machine import require_disk, run
from harness.progress import step

SUITE = "trixie"  # bookworm's 1.18 knows no prepared statements in transaction mode
PACKAGES = ("ca-certificates", "pgbouncer")
RECIPE = "1"  # raise it when what is done here changes
# As CloudNativePG's image has them: its operator runs the pods as this user, whom PgBouncer's console knows by name.
USER, GROUP = 998, 996
PROGRAM = "usr/bin/pgbouncer"


def image(name: str) -> dict[str, Path]:
    """`name` → docker-archive file of the image. Builds what the cache lacks. Raises MachineError."""
    with cache.locked("images") as folder:
        digest = sha256("\n".join([RECIPE, name, SUITE, *PACKAGES]).encode()).hexdigest()[:16]
        target = folder / f"pgbouncer-{digest}.tar"
        if not target.exists():
            require_disk(folder, 2)
            with step("build the image of PgBouncer"), cache.scratch(folder) as root:
                debian.bootstrap(root, PACKAGES, SUITE)
                _settle(root)
                layer = archive.layer(root, root.parent / "layer.tar")
                archive.image(target, name, [layer], {"Entrypoint": [f"/{PROGRAM}"], "User": f"{USER}:{GROUP}", "Env": [_PATH]})
    return {name: target}


_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


def _settle(root: Path) -> None:
    inside = ("chroot", str(root))
    run(*inside, "groupadd", f"--gid={GROUP}", "pgbouncer")
    run(*inside, "useradd", f"--uid={USER}", f"--gid={GROUP}", "--no-create-home", "pgbouncer")
    if not (root / PROGRAM).exists():  # where the operator looks for it
        os.link(root / "usr/sbin/pgbouncer", root / PROGRAM)
    debian.remove_unused(root)
