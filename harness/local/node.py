"""The node: namespaces of this machine in which the whole Kubernetes runs, apart from everything else on it.

Processes, mounts, interfaces and firewall rules live in the node's own pid, mount and network namespaces, so they are all gone
the moment its first process ends: stopped, killed or by a reboot. The host sees one end of a cable, `billdb0`.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.local import cgroups, files, sysctls
from harness.local.machine import MachineError, search_path
from harness.waiting import wait_for

HOST_ADDRESS = "10.243.0.1"
ADDRESS = "10.243.0.2"
CABLE = "billdb0"
POD_RANGE = "10.244.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
NODE_RANGE = "10.243.1.0/24"  # of the nodes beside this one
RECORD = paths.RUN / "node.json"
CGROUP = "billdb"
APPARMOR = "/sys/module/apparmor/parameters/enabled"
NODES = paths.RUN / "nodes"  # what nodes.py keeps of those beside this one
NODE_CGROUP = "billdb-node-"  # and how their control groups begin
SETUP = """
set -e
mount --make-rshared /
# AppArmor's profiles are the machine's, shared with its own containers: here it looks switched off, and none is loaded.
[ ! -e $APPARMOR ] || mount --bind /dev/null $APPARMOR
mount -t tmpfs -o mode=0755 run /run
mkdir -p /run/lock
ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip address add $ADDRESS dev eth0
ip link set eth0 up
ip route add default via $GATEWAY
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
# kube-router answers what it refuses. Other firewalls drop it, so that TCP tries again by itself when a new pod is faster than
# the firewall learns its address: be like them.
iptables --table raw --append OUTPUT --protocol icmp --icmp-type port-unreachable --jump DROP
touch /run/ready
# bash stays process 1: it reaps what loses its parent.
sleep infinity & wait
"""


@dataclass(frozen=True)
class Node:
    """A running node: the host's number of its first process, and the checkout whose state it uses.

    `tainted`: no pods come to it but those of the test that it is for.
    """

    pid: int
    started: str
    checkout: str
    cgroup: str = CGROUP
    tainted: bool = False

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return start_time(self.pid) == self.started

    def command(self, *command: str) -> list[str]:
        """`command` made to run inside the node, in the host's working directory and file system."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--", *command]

    def start(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start a process inside the node; it goes on when this program ends."""
        with log.open("ab") as output:
            subprocess.Popen(
                _joining(self.cgroup, self.command(*command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=os.environ | dict(environment), start_new_session=True,
            )  # fmt: skip


def current() -> Node | None:
    """The node that runs on this machine, whichever checkout started it; None when none does."""
    return recorded(RECORD)


def first() -> Node:
    """The node with the control plane, where there must be one."""
    running = current()
    assert running, "this needs the local Kubernetes"
    return running


def state() -> Path:
    """The folder of its state, which may be another checkout's."""
    return Path(first().checkout) / ".local" / "state"


def everywhere() -> list[Node]:
    """All nodes that any pod may come to; the one with the control plane is the first."""
    found = [current(), *(recorded(file) for file in sorted(NODES.glob("*.json")))]
    return [node for node in found if node and not node.tainted]


def create(log: Path) -> Node:
    """Make a new node. Raises MachineError when its namespaces cannot be made."""
    remove_remains()
    sysctls.save()
    cgroups.create(CGROUP)
    pid = begin(CGROUP, f"{ADDRESS}/30", HOST_ADDRESS, log)
    _ip("link", "add", CABLE, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    wait_for_setup(pid, log)
    _ip("address", "add", f"{HOST_ADDRESS}/30", "dev", CABLE)
    _ip("link", "set", CABLE, "up")
    for addresses in (POD_RANGE, SERVICE_RANGE, NODE_RANGE):  # so that nothing meant for a pod ever leaves this machine
        _ip("route", "add", addresses, "via", ADDRESS, "dev", CABLE)
    return record(Node(pid, start_time(pid), str(paths.ROOT)), RECORD)


def begin(cgroup: str, address: str, gateway: str, log: Path) -> int:
    """Start a node's first process, which waits for a cable named eth0; returns the host's number of it."""
    variables = {"PATH": search_path(), "ADDRESS": address, "GATEWAY": gateway, "APPARMOR": APPARMOR}
    first = ["unshare", "--fork", "--pid", "--mount", "--net", "--mount-proc", "bash", "-c", SETUP]
    with log.open("wb") as output:
        unshare = subprocess.Popen(
            _joining(cgroup, first), env=os.environ | variables,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    return wait_for(lambda: _first_child(unshare.pid), "the node's first process", seen=log.read_text)


def wait_for_setup(pid: int, log: Path) -> None:
    """Wait until a node whose cable is there is ready for processes."""
    wait_for(lambda: Path(f"/proc/{pid}/root/run/ready").exists(), "the node's setup", seen=log.read_text)


def record(node: Node, file: Path) -> Node:
    """Keep what finds the node again."""
    files.write(file, node.__dict__)
    return node


def recorded(file: Path) -> Node | None:
    """The node of a record; None when it does not run any more."""
    try:
        node = Node(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return node if node.alive else None


def destroy(node: Node) -> None:
    """End everything that runs in the node and remove what it left on the host."""
    os.kill(node.pid, signal.SIGKILL)  # the kernel then kills the namespace's every process
    wait_for(lambda: not node.alive, "the end of the node's processes")
    remove_remains()


def remove_remains() -> None:
    """End and remove whatever there is of a node: of one that ended in any way, or whose making was interrupted."""
    RECORD.unlink(missing_ok=True)
    subprocess.run(["ip", "link", "delete", CABLE], capture_output=True, env={"PATH": search_path()})
    for group in [*cgroups.names(NODE_CGROUP), CGROUP]:
        cgroups.remove(group)
    shutil.rmtree(NODES, ignore_errors=True)
    sysctls.restore()


def start_time(pid: int) -> str:
    """What tells a process from a later one of the same number; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _joining(cgroup: str, command: Sequence[str]) -> list[str]:
    return cgroups.joining(cgroup, command) if cgroup == CGROUP else cgroups.joining_each(cgroup, command)


def _first_child(pid: int) -> int:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0
    return int(children[0]) if children else 0


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, env={"PATH": search_path()})
    if done.returncode:
        raise MachineError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
