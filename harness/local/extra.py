"""A node beside the first: in namespaces of its own with containerd, kubelet, proxy and firewall, joined to it by a switch.

It joins and leaves while the cluster runs, and what happens to machines can happen to it: it is killed, stands still, is cut off
from some of the others and comes back. Its processes and interfaces end with the first node, its folder lies in that one's state.
"""

import json
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from harness import commands
from harness.local import cgroups, cluster, node, node_objects, sizes, switch
from harness.local.certificates import Authority
from harness.local.components import SERVER
from harness.local.node import Node
from harness.local.node_components import Place, containerd, kube_proxy, kube_router, kubelet
from harness.local.switch import CONTROL_PLANE
from harness.waiting import wait_for

RECORD = "node.json"  # in the folder of each node
KUBELET = "/run/kubelet"  # in the node: the kubelet's folder by a short name, for a socket's path has 107 characters at most


@dataclass(frozen=True)
class Extra:
    """A node beside the first. `owner` is the number and the start of the process that it is for, where it is a test's.

    Only pods that tolerate the taint billdb/extra come to a test's node: node_objects.FOR_PODS has what such a pod needs.
    """

    number: int
    small: bool = False
    owner: tuple[int, str] | None = None

    @property
    def name(self) -> str:
        """As Kubernetes calls it."""
        return f"billdb-{self.number}"

    @property
    def cgroup(self) -> str:
        """Its control group."""
        return f"{node.NODE_CGROUP}{self.number}"

    @property
    def runs(self) -> Node | None:
        """Its namespaces; None where it was killed."""
        return node.recorded(node.NODES / f"{self.name}.json")

    def node(self) -> Node:
        """Its namespaces, to run commands in or to load images into."""
        running = self.runs
        assert running, f"{self.name} does not run"
        return running

    def start(self, provide: Callable[[Node], None] = lambda node: None) -> None:
        """Start it, for the first time or after `kill`; returns when Kubernetes calls it Ready.

        `provide` gives it images before pods come; those that it had before it was killed are there.
        """
        begun = datetime.now(UTC).replace(microsecond=0)
        running = self._begin()
        place = _place(self)
        needed = [containerd(place), kubelet(place), kube_proxy(place), kube_router(place)]
        logs = {component.name: place.state / f"{component.name}.log" for component in needed}

        def up(component_names: Sequence[str]) -> None:
            wanted = [component for component in needed if component.name in component_names]
            for component in wanted:
                running.start(component.name, component.command, logs[component.name], cluster.environment_of_processes())
            for component in wanted:
                cluster.wait_until_up(running, component, logs[component.name])

        up(["containerd"])
        provide(running)
        node_objects.apply(self.name, self.number, switch.pods(self.number), self.owner is not None)
        up(["kubelet", "kube-proxy"])
        node_objects.wait_ready(self.name, begun)
        up(["kube-router"])  # it looks for the node when it starts

    def _begin(self) -> Node:
        main = node.first()
        state = node.state() / self.name
        state.mkdir(parents=True, exist_ok=True)
        node.NODES.mkdir(parents=True, exist_ok=True)
        (state / RECORD).write_text(json.dumps(asdict(self)))
        log = state / "node.log"
        cgroups.remove(self.cgroup)
        cgroups.create(self.cgroup)
        if self.small:
            sizes.limit(self.cgroup)
        pid = node.begin(self.cgroup, f"{switch.address(self.number)}/24", switch.address(CONTROL_PLANE), log)
        switch.plug(self.number, pid)
        node.wait_for_setup(pid, log)
        running = Node(pid, node.start_time(pid), main.checkout, self.cgroup, self.owner is not None)
        commands.run(
            running.command("bash", "-c", f"mkdir -p {state}/kubelet {KUBELET} && mount --bind {state}/kubelet {KUBELET}")
        )
        for other in [main, *(each.node() for each in existing() if each.runs and each != self)]:
            switch.route(other.pid, self.number)
        for number in [CONTROL_PLANE, *(each.number for each in existing() if each != self)]:
            switch.route(pid, number)
        return node.record(running, node.NODES / f"{self.name}.json")

    def kill(self) -> None:
        """End all of its processes at once, also when it stands still, as when the power goes. `start` brings it back."""
        if running := self.runs:
            os.kill(running.pid, signal.SIGKILL)  # the kernel then kills the namespace's every process
            cgroups.freeze(self.cgroup, False)  # on version 1 the signal waits for that
            wait_for(lambda: not running.alive, f"the end of {self.name}")

    def freeze(self) -> None:
        """Have it stand still, its network as well: nobody gets an answer, not even that there is none."""
        switch.power(self.number, False)
        cgroups.freeze(self.cgroup, True)

    def thaw(self) -> None:
        """Let it go on where it stood."""
        switch.power(self.number, True)
        cgroups.freeze(self.cgroup, False)

    def cut_off(self, *others: int) -> None:
        """Let nothing pass between it and the nodes of these numbers (CONTROL_PLANE is one); with none given, all of them."""
        for other in others or [number for number in _numbers() if number != self.number]:
            switch.part(self.number, other)

    def reconnect(self, *others: int) -> None:
        """Undo `cut_off`, for all where none are given."""
        for other in others or switch.parted_from(self.number):
            switch.mend(self.number, other)

    def drain(self, seconds: int = 120) -> None:
        """Move its pods away, as before maintenance. Raises CommandError after that time."""
        node_objects.drain(self.name, seconds)

    def uncordon(self) -> None:
        """Let pods come to it again."""
        node_objects.uncordon(self.name)

    def leave(self) -> None:
        """End it and remove what there is of it, also in Kubernetes: its pods without a word to them."""
        self.kill()
        cgroups.remove(self.cgroup)
        self.reconnect()
        if main := node.current():
            for other in [main, *(each.node() for each in existing() if each.runs)]:
                switch.unroute(other.pid, self.number)
        node_objects.remove(self.name)
        (node.NODES / f"{self.name}.json").unlink(missing_ok=True)
        shutil.rmtree(node.state() / self.name)


def existing() -> list[Extra]:
    """The nodes beside the first, also those that were killed."""
    found = []
    for file in sorted(node.state().glob(f"billdb-*/{RECORD}")):
        with suppress(ValueError, TypeError):
            told = json.loads(file.read_text())
            found.append(Extra(told["number"], told["small"], tuple(told["owner"]) if told["owner"] else None))
    return found


def _numbers() -> list[int]:
    return [CONTROL_PLANE, *(each.number for each in existing())]


def _place(extra: Extra) -> Place:
    state = node.state() / extra.name
    secrets = Authority(node.state() / "pki")
    certificate = f"kubelet-{extra.number}"
    address = switch.address(extra.number)
    secrets.sign(certificate, f"system:node:{extra.name}", "system:nodes", (address, extra.name))
    secrets.kubeconfig(certificate, secrets.folder / f"{certificate}.kubeconfig", SERVER)
    for folder in ("containerd", "kubelet", "cni", "pods"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    reserved = sizes.reserved() if extra.small else {}
    return Place(
        extra.name,
        address,
        switch.pods(extra.number),
        extra.cgroup,
        state,
        secrets.folder,
        certificate,
        reserved,
        str(state / "pods"),
    )
