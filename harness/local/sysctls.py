"""The settings of the machine that a kubelet changes, kept to be put back when the local Kubernetes ends."""

import json
from pathlib import Path

from harness import paths
from harness.local import files

SAVED = paths.RUN / "sysctls.json"
NAMES = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
         "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes")  # fmt: skip


def save() -> None:
    """Keep them as they are now."""
    there = {name: Path("/proc/sys", name) for name in NAMES}
    files.write(SAVED, {name: file.read_text() for name, file in there.items() if file.exists()})


def restore() -> None:
    """Put them back, where they were kept."""
    if SAVED.exists():
        for name, value in json.loads(SAVED.read_text()).items():
            Path("/proc/sys", name).write_text(value)
        SAVED.unlink()
