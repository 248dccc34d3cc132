"""What the kernel must be able to do. It is tried before anything is built, in a network namespace of its own."""

import subprocess
from pathlib import Path

from harness.local.machine import MachineError, search_path

BRIDGE = Path("/proc/sys/net/bridge")
FILE_SYSTEMS = Path("/proc/filesystems")
# What containerd's networks, kube-proxy and kube-router will ask for: the kernel loads the modules of these by itself.
TRIAL = """
set -e
ip link add one type veth peer name two
ip link add bridge0 type bridge
ipset create sources hash:ip
for table in filter nat mangle raw; do iptables --table $table --append OUTPUT --match comment --comment trial --jump ACCEPT; done
iptables --table nat --append POSTROUTING --match mark --mark 1 --jump MASQUERADE
iptables --table nat --append PREROUTING --protocol tcp --match addrtype --dst-type LOCAL --jump DNAT --to-destination 192.0.2.1
iptables --table nat --append PREROUTING --match statistic --mode random --probability 0.5 --jump MARK --set-mark 1
iptables --append FORWARD --match conntrack --ctstate NEW --match set --match-set sources src --jump REJECT
iptables --append FORWARD --match limit --limit 1/minute --jump NFLOG --nflog-group 100
iptables --append FORWARD --protocol tcp --match multiport --destination-ports 1,2 --jump DROP
iptables --append FORWARD --match physdev --physdev-is-bridged --jump ACCEPT
"""


def require() -> None:
    """Load what has to be loaded by name, and try the rest. Raises MachineError with the line to type."""
    if "overlay" not in FILE_SYSTEMS.read_text().split():
        _load("overlay", "containers have their file systems by it")
    if not BRIDGE.exists():
        _load("br_netfilter", "NetworkPolicies hold by it")
        for file in BRIDGE.glob("bridge-nf-call-*"):  # loaded, it filters on every bridge: here only on the node's
            file.write_text("0")
    done = subprocess.run(
        ["unshare", "--net", "bash", "-xc", TRIAL], capture_output=True, text=True, env={"PATH": search_path(), "LC_ALL": "C"}
    )
    if done.returncode:
        raise MachineError(
            f"the kernel cannot do what a Kubernetes asks of it:\n{done.stderr[-600:]}"
            f"{_AFTER_UPGRADE}\nIf its modules may not be loaded here, use another cluster: nox -s up -- --kubeconfig FILE"
        )


def _load(module: str, why: str) -> None:
    done = subprocess.run(["modprobe", module], capture_output=True, text=True, env={"PATH": search_path()})
    if done.returncode:
        raise MachineError(
            f"the kernel has no {module} ({why}), and loading it failed: {done.stderr.strip()}\n"
            f"Type `modprobe {module}` as root, then run this again. {_AFTER_UPGRADE}"
        )


_AFTER_UPGRADE = "After an upgrade of the kernel a reboot comes first: the modules of the one that runs are gone."
