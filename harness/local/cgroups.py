"""Control groups of this machine, on version 1 (a hierarchy for each controller) and on version 2 (one for all)."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from harness.local.machine import MachineError
from harness.waiting import WaitError, wait_for

TOP = Path("/sys/fs/cgroup")
LEAF = "processes"  # on version 2 a group has processes or passes controllers on to groups below it, never both
PERIOD = 100_000  # microseconds over which the use of processors is counted, the kernel's default
A_TRY = 5  # seconds for all processes of a group to stand still, which takes milliseconds where nothing holds one up
INHERITED = ("cpuset.cpus", "cpuset.mems")  # version 1: empty in a new group, and nothing may run with that


def is_version_2(top: Path = TOP) -> bool:
    """Whether one hierarchy has all controllers, as on a stock Debian."""
    return (top / "cgroup.controllers").exists()


def create(name: str, top: Path = TOP) -> None:
    """Make the group `name` with every controller that there is, and below it a leaf for processes.

    Raises MachineError where the kernel passes no controllers on, as within a container.
    """
    for folder in _folders(name, top):
        for group in (folder, folder / LEAF):
            group.mkdir(exist_ok=True)
            for file in INHERITED:
                if not is_version_2(top) and (group / file).exists():
                    (group / file).write_text((group.parent / file).read_text())
    if is_version_2(top):
        _pass_on(top)
        _pass_on(top / name)


def limit_processors(name: str, number: float, top: Path = TOP) -> None:
    """Let the group's processes use this many processors at most, as a container's limit does."""
    quota = round(number * PERIOD)
    if is_version_2(top):
        (top / name / "cpu.max").write_text(f"{quota} {PERIOD}")
    else:
        (top / "cpu" / name / "cpu.cfs_period_us").write_text(str(PERIOD))
        (top / "cpu" / name / "cpu.cfs_quota_us").write_text(str(quota))


def joining(name: str, command: Sequence[str], top: Path = TOP, controller: str = "pids") -> list[str]:
    """`command` made to start in the group's leaf, with all that it starts, so that `remove` finds and ends it.

    On version 1 it joins the group of this controller.
    """
    leaf = (top if is_version_2(top) else top / controller) / name / LEAF
    return ["bash", "-c", 'echo $$ > "$0" && exec "$@"', str(leaf / "cgroup.procs"), *command]


def joining_each(name: str, command: Sequence[str], top: Path = TOP) -> list[str]:
    """`command` made to start in the group's leaf of every controller, so that limits and `freeze` hold for it as well."""
    script = 'until [[ $1 == -- ]]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"'
    leaves = [str(folder / LEAF / "cgroup.procs") for folder in _folders(name, top)]
    return ["bash", "-c", script, "bash", *leaves, "--", *command]


def limit_memory(name: str, size: int, top: Path = TOP) -> None:
    """Let the group's processes have this many bytes at most."""
    file = top / name / "memory.max" if is_version_2(top) else top / "memory" / name / "memory.limit_in_bytes"
    file.write_text(str(size))


def freeze(name: str, still: bool, top: Path = TOP) -> None:
    """Have every process of the group stand still, or go on. Returns when it is so."""
    if is_version_2(top):
        (top / name / "cgroup.freeze").write_text(str(int(still)))
        wait_for(lambda: f"frozen {int(still)}" in (top / name / "cgroup.events").read_text(), f"{name} to be frozen: {still}")
    else:
        state = "FROZEN" if still else "THAWED"
        file = top / "freezer" / name / "freezer.state"
        wait_for(partial(_became, file, state), f"{name} to be {state}", seen=lambda: _awake(top / "pids" / name))


def names(prefix: str, top: Path = TOP) -> list[str]:
    """The groups whose names begin so."""
    folders = [top] if is_version_2(top) else [folder for folder in top.iterdir() if (folder / "cgroup.procs").exists()]
    return sorted({group.name for folder in folders for group in folder.glob(f"{prefix}*") if group.is_dir()})


def remove(name: str, top: Path = TOP) -> None:
    """End what runs in the group and in those below it, and remove them; what stands still there dies too."""
    frozen = top / "freezer" / name / "freezer.state"
    if frozen.exists():  # on version 1 a signal waits until its process goes on
        _kill(frozen.parent)
        frozen.write_text("THAWED")
    for folder in _folders(name, top):
        for group, _, _ in os.walk(folder, topdown=False):
            wait_for(partial(_removed, Path(group)), f"the processes of {group} to end")


def _became(file: Path, state: str) -> bool:
    """Try to have a group of version 1 be `state`: one process that waits for one that stands still already holds all up."""
    file.write_text(state)
    try:
        return wait_for(lambda: file.read_text().strip() == state, f"{file} to be {state}", A_TRY)
    except WaitError:
        file.write_text("THAWED")
        return False


def _awake(group: Path) -> str:
    told = [Path("/proc", line) for file in group.rglob("cgroup.procs") for line in file.read_text().split()]
    found = []
    for process in told:
        with suppress(OSError):
            found.append(f"{process.name} {(process / 'comm').read_text().strip()}: {(process / 'wchan').read_text()}")
    return "\n".join(found)


def _folders(name: str, top: Path) -> list[Path]:
    if is_version_2(top):
        return [top / name]
    return [folder / name for folder in top.iterdir() if (folder / "cgroup.procs").exists() and not folder.is_symlink()]


def _pass_on(group: Path) -> None:
    controllers = " ".join(f"+{controller}" for controller in (group / "cgroup.controllers").read_text().split())
    try:
        (group / "cgroup.subtree_control").write_text(controllers)
    except OSError as error:
        raise MachineError(
            f"{group} does not pass {controllers} on to groups below it ({error.strerror}); the local Kubernetes needs the "
            "control groups of a machine or a virtual machine, those of a container are not enough"
        ) from error


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # processes that were killed are still ending
        _kill(group)
        return False
    return True


def _kill(group: Path) -> None:
    for file in group.rglob("cgroup.procs"):
        for line in file.read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(line), signal.SIGKILL)
