"""Faults on the chart's Cluster and on CloudNativePG's sample, a writing client on each: in turns, or of both primaries' node."""

import json
import random
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from benchmarks import machine, turns
from benchmarks.ha import fault_report, servers
from benchmarks.ha.fault_report import OURS, SAMPLE, Suffered
from benchmarks.results import Section
from harness.commands import CommandError
from harness.local import images, node, packages
from harness.local.components import CONTAINERD
from harness.local.machine import MachineError
from harness.local.node_objects import FOR_PODS
from harness.local.nodes import joined
from harness.on_cluster import cloudnativepg, node_faults, writers
from harness.on_cluster.cloudnativepg import MAJOR
from harness.on_cluster.fault_run import FaultRun, Outcome
from harness.on_cluster.instance_faults import Fault, primary_deleted, primary_killed, switched_over
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import merged
from harness.on_cluster.serving import secret
from harness.on_cluster.writers import Writer
from harness.progress import say, step
from harness.waiting import WaitError

EACH_TURN = 2  # of each kind: a fault is short beside what it takes to have servers for it
NEXT_IMAGE = f"{servers.IMAGE}.1"  # the same under another name
AT_ONCE = {"smartShutdownTimeout": 0}  # as in the chart
APART = {"podAntiAffinityType": "required", "topologyKey": "kubernetes.io/hostname"}
FAILED = (AssertionError, CommandError, KeyError, MachineError, ValueError, WaitError)


def updated(instances: Instances, _: random.Random) -> None:
    """Every server is given the other image, as at a minor update."""
    cluster = instances.release.cluster
    now = cluster.get(f"cluster/{NAME}")["spec"]["imageName"]
    [other] = {servers.IMAGE, NEXT_IMAGE} - {now}
    uids = {pod: instances.uid(pod) for pod in instances.pods()}
    patch = json.dumps({"spec": {"imageName": other}})
    cluster.kubectl("patch", f"cluster/{NAME}", "--type=merge", f"--patch={patch}")
    instances.wait_replaced(uids)


KINDS: Mapping[str, Fault] = {each.__name__: each for each in (primary_killed, primary_deleted, switched_over, updated)}
NODE_KINDS = ("node_killed", "node_cut_off", "node_drained")


@dataclass
class Side:
    """Servers, the client that writes to them, and what became of each fault by its name."""

    run: FaultRun
    writer: Writer
    found: dict[str, list[Outcome]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def warm_up(self) -> None:
        """Have another primary once, which does not count."""
        self.run.instances.wait_healthy(servers.LONGEST)
        self.run.run(["switched_over"], [self.writer])

    def suffer(self, name: str, all_servers: Sequence[Instances]) -> None:
        """Let a fault happen once all are well, and keep its outcome.

        One that does not end well is kept as a failure, and the next one comes: there are hours of others.
        """
        try:
            for each in all_servers:
                each.wait_healthy(servers.LONGEST)
            self.run.run([name], [self.writer])
            self.found.setdefault(name, []).append(self.run.outcomes[-1])
        except FAILED as failure:
            self.fail(name, failure)

    def fail(self, name: str, failure: Exception) -> None:
        """Keep a fault that did not end well."""
        say(f"  {name}: {failure}")
        self.failures.append(f"{name}: {(str(failure).splitlines() or [repr(failure)])[0]}")

    def end(self) -> Suffered:
        """End the client, and compare what it was told with what is there."""
        told = len(self.writer.acknowledged())
        lost = self.run.end()
        return Suffered(self.found, self.failures, told, sum(map(len, lost.values())))


def measure(number: int) -> Section:
    """On one node: a killed postmaster, a deleted pod, a switchover, a minor update."""
    with (
        servers.operator(),
        _second_name(),
        servers.chart("billdb-bench-ha-chart") as chart,
        servers.sample("billdb-bench-ha-sample", AT_ONCE) as sample,
    ):
        sides = _sides(chart, sample, KINDS, KINDS)

        def one_by_one(name: str, turn: int) -> None:
            for side in turns.order(list(sides.values()), turn):
                side.suffer(name, (chart, sample))

        return _section(sides, KINDS, number, one_by_one, fault_report.AT_ONCE)


def measure_nodes(number: int) -> Section:
    """On three nodes: the one under both primaries is killed, cut off, drained."""
    spec = {"affinity": APART | FOR_PODS}
    with (
        servers.operator(),
        joined(3, archives=images.archives((MAJOR,)) | cloudnativepg.image()) as nodes,
        servers.chart("billdb-bench-ha-chart", merged(servers.VALUES, {"cloudnativepg": {"spec": spec}})) as chart,
        servers.sample("billdb-bench-ha-sample", spec) as sample,
    ):
        faults, over = node_faults.of(nodes), Event()

        def strike(name: str, instances: Instances, chance: random.Random) -> None:
            try:
                faults[name](instances, chance)
            finally:
                over.set()

        def struck(_: Instances, __: random.Random) -> None:
            over.wait(servers.LONGEST)

        sides = _sides(chart, sample, {name: partial(strike, name) for name in NODE_KINDS}, dict.fromkeys(NODE_KINDS, struck))

        def together(name: str, _: int) -> None:
            try:
                _gather(chart, sample)
            except FAILED as failure:
                sides[SAMPLE].fail(name, failure)
                return
            over.clear()
            with ThreadPoolExecutor() as threads:
                list(threads.map(lambda side: side.suffer(name, ()), sides.values()))

        return _section(sides, NODE_KINDS, number, together)


def _gather(chart: Instances, sample: Instances) -> None:
    """Once all are well: have the sample's primary on the node of the chart's."""
    for each in (chart, sample):
        each.wait_healthy(servers.LONGEST)
    wanted = _node(chart, chart.primary())
    [pod] = [pod for pod in sample.pods() if _node(sample, pod) == wanted]
    if (primary := sample.primary()) != pod:
        sample.promote(pod)
        sample.wait_primary(primary)
        sample.wait_healthy(servers.LONGEST)


def _node(instances: Instances, pod: str) -> str:
    return str(instances.release.cluster.get(f"pod/{pod}")["spec"]["nodeName"])


def _section(
    sides: Mapping[str, Side], kinds: Iterable[str], number: int, happen: Callable[[str, int], None], remark: str = ""
) -> Section:
    for side in sides.values():
        side.warm_up()
    for turn in range(EACH_TURN * number):
        with step(f"faults, turn {turn + 1} of {EACH_TURN * number}"):
            for name in turns.order(list(kinds), turn):
                happen(name, turn)
    server = machine.server(sides[OURS].run.instances.sql("SELECT version()"))
    suffered = {name: side.end() for name, side in sides.items()}
    return Section(fault_report.section(suffered, remark), f"{server} and CloudNativePG")


def _sides(chart: Instances, sample: Instances, ours: Mapping[str, Fault], samples: Mapping[str, Fault]) -> dict[str, Side]:
    app = secret(sample.release, f"{NAME}-app")
    return {
        OURS: _side(chart, ours, f"{NAME}-tls", chart.release.password("bill_inquiry_user"), NAME),
        SAMPLE: _side(sample, samples, f"{NAME}-ca", app["password"], f"{NAME}-rw"),
    }


def _side(instances: Instances, kinds: Mapping[str, Fault], ca: str, password: str, service: str) -> Side:
    instances.sql(writers.TABLE)
    certificate = secret(instances.release, ca)["ca.crt"]
    writer = writers.start(instances.release.cluster, 1, certificate, password, service)
    return Side(FaultRun(instances, seed=1, faults={"switched_over": switched_over, **kinds}), writer)


@contextmanager
def _second_name() -> Iterator[None]:
    """Have the servers' image under NEXT_IMAGE too."""
    ctr = node.first().command(packages.program("ctr"), f"--address={CONTAINERD}", "--namespace=k8s.io", "images")
    subprocess.run([*ctr, "tag", "--force", servers.IMAGE, NEXT_IMAGE], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([*ctr, "remove", NEXT_IMAGE], check=True, capture_output=True)
