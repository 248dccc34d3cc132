"""The processes of a server's pod, as its node sees them, and what is done to them behind the cluster's back."""

from dataclasses import dataclass
from typing import Self

from harness import commands
from harness.local import node
from harness.waiting import wait_for

MANAGER, SERVER = "manager", "postgres"
# Of each process in a control group of the pod: its number here and in the pod, its state, and its name.
LIST = """
for process in $(grep -lsF {uid} /proc/[0-9]*/cgroup | cut -d/ -f3)
do
    awk -v here=$process '/^Name:/ {{ name = $2 }} /^State:/ {{ state = $2 }} /^NSpid:/ {{ inside = $NF }}
        END {{ if (inside) print here, inside, state, name }}' /proc/$process/status
done 2> /dev/null || true
"""
PID_FILE = "/proc/{manager}/root/var/lib/postgresql/data/pgdata/postmaster.pid"
STOPPED, ZOMBIE = "T", "Z"


@dataclass(frozen=True)
class Process:
    """One process: its number on the node and in its pod, its state's letter (proc(5)), its name."""

    here: int
    inside: int
    state: str
    name: str

    @classmethod
    def read(cls, line: str) -> Self:
        """Of a line that LIST prints."""
        here, inside, state, name = line.split(" ", 3)
        return cls(int(here), int(inside), state, name)


def processes(uid: str) -> list[Process]:
    """All of the pod with this uid that still run."""
    found = map(Process.read, _on_node(LIST.format(uid=uid)).splitlines())
    return [process for process in found if process.state != ZOMBIE]


def manager(uid: str) -> Process:
    """The instance manager. Raises AssertionError where there is none."""
    found = [process for process in processes(uid) if (process.name, process.inside) == (MANAGER, 1)]
    assert found, f"no instance manager in the pod {uid}"
    return found[0]


def postmaster(uid: str) -> Process:
    """The server's first process, as its file names it. Raises AssertionError where there is none."""
    inside = _on_node(f"head --lines=1 {PID_FILE.format(manager=manager(uid).here)} || true").strip()
    found = [process for process in processes(uid) if (process.name, str(process.inside)) == (SERVER, inside)]
    assert found, f"no process {SERVER} with the number {inside!r} in the pod {uid}"
    return found[0]


def kill(process: Process) -> None:
    """End it without a word to it."""
    _on_node(f"kill -KILL {process.here}")


def freeze(uid: str) -> None:
    """Have every process of the pod stand still; returns when it is so."""

    def still() -> bool:
        running = [str(process.here) for process in processes(uid) if process.state.upper() != STOPPED]
        _on_node(f"kill -STOP {' '.join(running)} || true" if running else "true")
        return not running

    assert processes(uid), f"no process in the pod {uid}"
    wait_for(still, f"every process of the pod {uid} to stand still")


def thaw(uid: str) -> None:
    """Let all of them that are still there go on."""
    if stopped := " ".join(str(process.here) for process in processes(uid)):
        _on_node(f"kill -CONT {stopped} || true")


def inside_network(uid: str, script: str) -> None:
    """Run a script of bash in the network of the pod, with the node's programs."""
    _on_node(f"nsenter --target={processes(uid)[0].here} --net -- bash -ec '{script}'")


def _on_node(script: str) -> str:
    running = node.first()
    return commands.run(running.command("bash", "-c", script))
