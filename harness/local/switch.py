"""The switch between the nodes: a bridge in a network namespace of its own, in which any two of them can be kept apart.

Its namespace ends with the local Kubernetes, whose control group its one process is in. A port is called after a node's
number; 1 is the node with the control plane.
"""

import re
import subprocess
from contextlib import suppress
from pathlib import Path

from harness import paths
from harness.local import cgroups
from harness.local.machine import MachineError, search_path
from harness.local.node import CGROUP, NODE_RANGE, POD_RANGE, Node, record, recorded, start_time
from harness.waiting import wait_for

RECORD = paths.RUN / "switch.json"
CONTROL_PLANE = 1
CABLE = "nodes0"  # its end in the node with the control plane
# What is switched passes the firewall of the switch, which has no other rule than those of `part`.
SETUP = """
set -e
ip link add switch type bridge
ip link set switch up
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
exec -a billdb-switch sleep infinity
"""


def address(number: int) -> str:
    """The address of the node of this number."""
    return f"{NODE_RANGE.rpartition('.')[0]}.{number}"


def pods(number: int) -> str:
    """The range of its pods."""
    return f"{POD_RANGE.removesuffix('.0.0/16')}.{number - 1}.0/24"


def ensure(main: Node, log: Path) -> None:
    """Have a switch that the node with the control plane is joined to."""
    if recorded(RECORD):
        return
    with log.open("wb") as output:
        process = subprocess.Popen(
            cgroups.joining(CGROUP, ["unshare", "--net", "bash", "-c", SETUP]), env={"PATH": search_path()},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    name = Path(f"/proc/{process.pid}/cmdline")
    wait_for(lambda: name.read_bytes().startswith(b"billdb-switch"), "the switch", 30, log.read_text)
    with suppress(MachineError):  # left by a switch that was killed, and not gone yet
        run(main.pid, "ip", "link", "delete", CABLE)
    switch = record(Node(process.pid, start_time(process.pid), str(paths.ROOT)), RECORD)
    plug(CONTROL_PLANE, main.pid, CABLE, switch)
    run(main.pid, "ip", "address", "add", f"{address(CONTROL_PLANE)}/24", "dev", CABLE)
    run(main.pid, "ip", "link", "set", CABLE, "up")


def plug(number: int, pid: int, cable: str = "eth0", switch: Node | None = None) -> None:
    """Put a cable between the switch and the network namespace of a process. One of the same number before it is gone then."""
    switch = switch or _running()
    with suppress(MachineError):
        run(switch.pid, "ip", "link", "delete", f"port{number}")
    # The same hardware address after each start: the others have it in their tables.
    mac = f"02:00:0a:f3:01:{number:02x}"
    run(switch.pid, "ip", "link", "add", f"port{number}", "type", "veth",
        "peer", "name", cable, "address", mac, "netns", str(pid))  # fmt: skip
    run(switch.pid, "ip", "link", "set", f"port{number}", "master", "switch", "up")


def power(number: int, on: bool) -> None:
    """The light of a port: without it the node's cable is as good as pulled."""
    run(_running().pid, "ip", "link", "set", f"port{number}", "up" if on else "down")


def part(one: int, other: int) -> None:
    """Let nothing pass between two nodes; what they say to others goes on."""
    mend(one, other)
    for rule in _rules(one, other):
        run(_running().pid, "iptables", "--wait", "--append", *rule)


def mend(one: int, other: int) -> None:
    """Undo `part`; nothing to do where it was not done."""
    for rule in _rules(one, other):
        with suppress(MachineError):
            run(_running().pid, "iptables", "--wait", "--delete", *rule)


def parted_from(number: int) -> list[int]:
    """The nodes that a node is kept apart from, whether they are still there or not."""
    rules = run(_running().pid, "iptables", "--wait", "--list-rules", "FORWARD")
    return [int(other) for other in re.findall(rf"--physdev-in port{number} --physdev-out port(\d+) ", rules)]


def _rules(one: int, other: int) -> list[tuple[str, ...]]:
    return [
        ("FORWARD", "--match", "physdev", "--physdev-in", f"port{a}", "--physdev-out", f"port{b}", "--jump", "DROP")
        for a, b in ((one, other), (other, one))
    ]


def route(pid: int, number: int) -> None:
    """Tell a node the way to another's pods."""
    run(pid, "ip", "route", "replace", pods(number), "via", address(number))


def unroute(pid: int, number: int) -> None:
    """Forget it."""
    with suppress(MachineError):
        run(pid, "ip", "route", "delete", pods(number))


def run(pid: int, *command: str) -> str:
    """What a command says in the network namespace of a process. Raises MachineError."""
    inside = ["nsenter", f"--target={pid}", "--net", "--", *command]
    done = subprocess.run(inside, capture_output=True, text=True, env={"PATH": search_path()})
    if done.returncode:
        raise MachineError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _running() -> Node:
    switch = recorded(RECORD)
    assert switch, "no switch runs"
    return switch
