"""The image of the Barman Cloud plugin's sidecar: the plugin's program, and barman-cloud with a Python to run it."""

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from harness import commands, paths
from harness.local import archive, cache, debian, dumpers, programs
from harness.local.machine import MachineError, require_disk
from harness.progress import step

LOCK = paths.ROOT / "requirements" / "barman.lock"
PROGRAM = "barman-cloud-plugin"
PACKAGES = ("ca-certificates", "python3")  # Python 3.11, for which the wheels are
USER = 26
PLACE = "opt/barman"
# Python's own scripts are not in a folder that pip was told as target: each is a function of the package.
COMMANDS = {
    "barman-cloud-backup": "cloud_backup",
    "barman-cloud-backup-delete": "cloud_backup_delete",
    "barman-cloud-backup-keep": "cloud_backup_keep",
    "barman-cloud-backup-list": "cloud_backup_list",
    "barman-cloud-backup-show": "cloud_backup_show",
    "barman-cloud-check-wal-archive": "cloud_check_wal_archive",
    "barman-cloud-restore": "cloud_restore",
    "barman-cloud-wal-archive": "cloud_walarchive",
    "barman-cloud-wal-restore": "cloud_walrestore",
}
SCRIPT = (
    "#!/usr/bin/python3\nimport sys\nsys.path.insert(0, '/{place}')\nfrom barman.clients.{module} import main\nsys.exit(main())\n"
)
# Layers have no times: Python would take what pip and Debian compiled for stale, and compile it anew for each segment of the WAL.
COMPILE = ("python3", "-m", "compileall", "-q", "-f", "--invalidation-mode=unchecked-hash", f"/{PLACE}", "/usr/lib/python3.11")


def image(name: str) -> dict[str, Path]:
    """`name` → docker-archive file of the image. Builds what the cache lacks. Raises MachineError."""
    programs.install([PROGRAM])
    program = paths.BIN / PROGRAM
    with cache.locked("images") as folder:
        digest = sha256(program.read_bytes() + LOCK.read_bytes() + f"{name} {PACKAGES} {SCRIPT} {COMMANDS} {COMPILE}".encode())
        target = folder / f"barman-{digest.hexdigest()[:16]}.tar"
        if not target.exists():
            require_disk(folder, 2)
            with step("build the image of the Barman Cloud plugin's sidecar"), cache.scratch(folder) as root:
                debian.bootstrap(root, PACKAGES)
                debian.remove_unused(root)
                _install(root)
                shutil.copy(program, root / "manager")
                layer = archive.layer(root, root.parent / "layer.tar")
                archive.image(
                    target, name, [layer], {"Entrypoint": ["/manager"], "User": f"{USER}:{USER}", "Env": [f"PATH={_PATH}"]}
                )
    return {name: target}


_PATH = "/usr/local/bin:/usr/bin:/bin"


def _install(root: Path) -> None:
    any_python = ["--only-binary=:all:", "--no-deps", "--python-version=3.11", *(f"--platform={p}" for p in dumpers.PLATFORMS)]
    target = f"--target={root / PLACE}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        *any_python,
        target,
        f"--requirement={LOCK}",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"pip did not install {LOCK}:\n{done.stderr[-2000:]}\nMend what it says, then run the same again.")
    for name, module in COMMANDS.items():
        file = root / "usr/local/bin" / name
        file.write_text(SCRIPT.format(place=PLACE, module=module))
        file.chmod(0o755)
    commands.run(["chroot", str(root), *COMPILE])
