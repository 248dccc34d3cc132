"""Nodes that join the cluster while it runs, and what can be done to them: the tests of high availability stand on it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import paths
from harness.commands import CommandError
from harness.kubernetes import Cluster
from harness.local import images, node, node_objects, sizes, switch
from harness.local.components import NODE_NAME
from harness.local.extra import Extra, existing
from harness.local.nodes import CONTROL_PLANE, joined
from harness.on_cluster import csi, pods
from harness.waiting import wait_for

pytestmark = pytest.mark.local_node
KUBELET = 10250
OWN = 190  # the number of a node that no other test has
KILLED_RUN = """
import os, signal
from harness.local.nodes import joined
with joined(1, numbers=range(OWN, OWN + 1)) as nodes:
    nodes[0].freeze()
    nodes[0].cut_off()
    print(nodes[0].name, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
""".replace("OWN", str(OWN))


@pytest.fixture(scope="module")
def cluster(namespaces: Callable[[str], Cluster]) -> Cluster:
    return namespaces("billdb-nodes")


@pytest.fixture(scope="module")
def nodes(cluster: Cluster) -> Iterator[list[Extra]]:
    with joined(2, small=True, archives=images.archives()) as made:
        yield made


def reaches(one: int, *others: int) -> dict[int, bool]:
    """Whether the kubelets of the others take a connection from a node, by the nodes' numbers."""
    running: dict[int, node.Node | None] = {CONTROL_PLANE: node.current(), **{each.number: each.runs for each in existing()}}
    found = {}
    for other in others:
        address = node.ADDRESS if other == CONTROL_PLANE else switch.address(other)
        knock = f"timeout 2 bash -c '> /dev/tcp/{address}/{KUBELET}' 2> /dev/null && echo yes || echo no"
        there = running[one]
        assert there
        answer = subprocess.run(there.command("bash", "-c", knock), capture_output=True, text=True, check=True).stdout
        found[other] = answer == "yes\n"
    return found


def placed(cluster: Cluster, name: str, script: str, where: dict[str, Any], **spec: Any) -> str:
    """Start a pod for the tests' nodes; returns its address."""
    made = pods.manifest(name, script, {"app": name})
    made["spec"] |= {"tolerations": node_objects.FOR_PODS["tolerations"], "nodeSelector": where, **spec}
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(made))
    cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=120s")
    return str(cluster.get(f"pod/{name}")["status"]["podIP"])


def on(extra: Extra) -> dict[str, str]:
    return {"kubernetes.io/hostname": extra.name}


def test_a_small_node_gives_pods_what_aks_gives_them_of_a_standard_b2s(cluster: Cluster, nodes: list[Extra]) -> None:
    for extra in nodes:
        allocatable = cluster.get(f"node/{extra.name}")["status"]["allocatable"]
        assert allocatable["cpu"] == "1900m"
        assert abs(int(allocatable["memory"]) - sizes.FOR_PODS["memory"]) < 2**20


def test_only_pods_that_ask_for_it_come_to_a_node_of_a_test(cluster: Cluster, nodes: list[Extra]) -> None:
    pod = pods.standing(cluster, "anywhere", {}, {})
    assert cluster.get(f"pod/{pod}")["spec"]["nodeName"] == NODE_NAME
    taints = [cluster.get(f"node/{extra.name}")["spec"]["taints"] for extra in nodes]
    assert taints == [[{"key": node_objects.EXTRA, "value": "true", "effect": "NoSchedule"}]] * 2


@pytest.fixture(scope="module")
def addresses(cluster: Cluster, nodes: list[Extra]) -> dict[str, str]:
    """A pod on each node that answers on port 8080, and a Service before that of the first."""
    serve = "exec perl -e 'use IO::Socket::INET; $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 9, ReuseAddr => 1); "
    serve += "while ($c = $s->accept) { print $c `cat /etc/hostname`; close $c }'"
    found = {extra.name: placed(cluster, f"on-{extra.number}", serve, on(extra), restartPolicy="Always") for extra in nodes}
    cluster.kubectl("expose", f"pod/on-{nodes[0].number}", "--name=first", "--port=80", "--target-port=8080")
    return found


def asked(cluster: Cluster, pod: str, host: str, port: int) -> str:
    """What a server says to a pod; empty when it does not."""
    ask = f"timeout 3 bash -c 'cat < /dev/tcp/{host}/{port}' 2> /dev/null || :"
    return cluster.kubectl("exec", pod, "--", "bash", "-c", ask).strip()


def test_pods_of_all_nodes_reach_one_another_by_address_and_by_name(
    cluster: Cluster, nodes: list[Extra], addresses: dict[str, str]
) -> None:
    one, other = nodes
    for pod in (f"on-{other.number}", "anywhere"):
        assert asked(cluster, pod, addresses[one.name], 8080) == f"on-{one.number}"
        by_name = partial(asked, cluster, pod, f"first.{cluster.namespace}.svc.cluster.local", 80)
        assert wait_for(by_name, f"the Service to answer {pod}", 60) == f"on-{one.number}"
    assert asked(cluster, f"on-{one.number}", addresses[other.name], 8080) == f"on-{other.number}"


def test_a_network_policy_holds_on_every_node(cluster: Cluster, nodes: list[Extra], addresses: dict[str, str]) -> None:
    one, other = nodes
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "nobody"},
        "spec": {"podSelector": {"matchLabels": {"app": f"on-{one.number}"}}, "policyTypes": ["Ingress"]},
    }
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(policy))
    ask = (cluster, f"on-{other.number}", addresses[one.name], 8080)
    wait_for(lambda: not asked(*ask), "the policy to hold", 60)
    cluster.kubectl("delete", "networkpolicy/nobody")
    wait_for(lambda: asked(*ask), "the policy to be gone", 60)


def test_a_node_that_is_cut_off_from_one_still_reaches_the_other(nodes: list[Extra]) -> None:
    one, other = (extra.number for extra in nodes)
    nodes[0].cut_off(CONTROL_PLANE)
    seen = reaches(one, CONTROL_PLANE, other), reaches(CONTROL_PLANE, one, other), reaches(other, CONTROL_PLANE, one)
    nodes[0].reconnect()
    assert seen == ({1: False, other: True}, {one: False, other: True}, {1: True, one: True})
    assert reaches(one, CONTROL_PLANE, other) == {1: True, other: True}
    nodes[0].cut_off()
    seen_alone = reaches(one, CONTROL_PLANE, other)
    nodes[0].reconnect()
    assert seen_alone == {1: False, other: False}
    assert reaches(one, CONTROL_PLANE, other) == {1: True, other: True}


def test_a_frozen_node_does_nothing_and_goes_on_where_it_stood(
    cluster: Cluster, nodes: list[Extra], addresses: dict[str, str]
) -> None:
    one, other = nodes
    placed(cluster, "counting", "n=0; while sleep 0.05; do echo $((n += 1)) > /tmp/n; done", on(one))
    container = cluster.get("pod/counting")["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    file = f"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{container}/rootfs/tmp/n"

    def counted() -> int:
        text = subprocess.run(one.node().command("cat", file), capture_output=True, text=True).stdout
        return int(text or 0)

    wait_for(counted, "the pod to count", 30)
    one.freeze()
    frozen_at = counted()
    answer = asked(cluster, f"on-{other.number}", addresses[one.name], 8080)  # it waits for three seconds
    still_at = counted()
    one.thaw()
    assert (answer, still_at) == ("", frozen_at)
    wait_for(lambda: counted() > still_at, "the pod to count on", 30)
    wait_for(lambda: asked(cluster, f"on-{other.number}", addresses[one.name], 8080), f"{one.name} to answer again", 60)


def test_a_killed_node_comes_back_with_its_pods(cluster: Cluster, nodes: list[Extra], addresses: dict[str, str]) -> None:
    one, other = nodes
    before = one.node()
    one.kill()
    assert (before.alive, one.runs) == (False, None)
    assert not Path(f"/proc/{before.pid}").exists()
    assert asked(cluster, f"on-{other.number}", addresses[one.name], 8080) == ""
    one.start()

    def again() -> str:
        try:
            return cluster.kubectl("exec", f"on-{one.number}", "--", "cat", "/etc/hostname").strip()
        except CommandError:  # the kubelet has not started the container again
            return ""

    assert wait_for(again, "the pod of the killed node", 120) == f"on-{one.number}"
    assert cluster.kubectl("logs", f"on-{one.number}") == ""  # it is there, and nothing was said


CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "following"},
    "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": csi.CLASS, "resources": {"requests": {"storage": "1Gi"}}},
}


def test_a_volume_follows_its_pod_from_a_killed_node_to_another(csi_driver: None, cluster: Cluster, nodes: list[Extra]) -> None:
    one, other = nodes
    for extra in nodes:
        csi.join(cluster, extra)
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(CLAIM))
    mounts = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "following"}}]}
    _with_volume(cluster, on(one), mounts)
    cluster.kubectl("exec", "writing", "--", "bash", "-c", "echo committed > /data/row; sync /data/row")
    one.kill()
    cluster.kubectl("delete", "pod/writing", "--force", "--grace-period=0")
    _with_volume(cluster, on(other), mounts)
    assert cluster.kubectl("exec", "writing", "--", "cat", "/data/row") == "committed\n"
    cluster.kubectl("delete", "pod/writing", "persistentvolumeclaim/following")
    one.start()


def _with_volume(cluster: Cluster, where: dict[str, str], mounts: dict[str, Any]) -> None:
    made = pods.manifest("writing", "exec sleep infinity")
    made["spec"] |= {"tolerations": node_objects.FOR_PODS["tolerations"], "nodeSelector": where, **mounts}
    made["spec"]["securityContext"]["fsGroup"] = 999
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(made))
    cluster.kubectl("wait", "pod/writing", "--for=condition=Ready", "--timeout=120s")


def test_a_drained_node_takes_no_pods_until_it_is_given_back(
    cluster: Cluster, nodes: list[Extra], addresses: dict[str, str]
) -> None:
    other = nodes[1]
    other.drain()
    running = cluster.kubectl("get", "pods", f"--field-selector=spec.nodeName={other.name}", "--output=name").split()
    unschedulable = cluster.get(f"node/{other.name}")["spec"].get("unschedulable")
    other.uncordon()
    assert (running, unschedulable) == ([], True)
    assert "unschedulable" not in cluster.get(f"node/{other.name}")["spec"]


def test_the_nodes_of_a_killed_run_are_removed_by_the_next_and_leave_nothing(cluster: Cluster, nodes: list[Extra]) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_RUN], capture_output=True, text=True, timeout=240)
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, f"billdb-{OWN}\n"), killed.stderr
    left = traces(OWN)
    assert all(left.values()), left
    with joined(1, numbers=range(OWN, OWN + 1)) as (extra,):
        assert reaches(OWN, CONTROL_PLANE) == {CONTROL_PLANE: True}
        assert extra.runs
    assert traces(OWN) == {place: [] for place in left}


def traces(number: int) -> dict[str, list[str]]:
    """What there is of a node: on this machine, in the namespaces of the first, on the switch and in Kubernetes."""

    def told(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    switched = ["nsenter", f"--target={json.loads(switch.RECORD.read_text())['pid']}", "--net"]
    name = f"billdb-{number}"
    kubectl = (str(paths.BIN / "kubectl"), f"--kubeconfig={paths.KUBECONFIG}")
    return {
        "groups": [str(group) for group in Path("/sys/fs/cgroup").glob(f"**/{node.NODE_CGROUP}{number}") if group.is_dir()],
        "records": [file.name for file in node.NODES.glob(f"{name}.json")],
        "folders": [folder.name for folder in node.state().glob(name)],
        "routes": re.findall(rf".* via {switch.address(number)} .*", told(*node.first().command("ip", "route", "show"))),
        "nodes": [extra.name for extra in existing() if extra.number == number],
        "objects": told(*kubectl, "get", f"node/{name}", "--ignore-not-found", "--output=name").split(),
        "rules": re.findall(rf".*-in port{number} .*", told(*switched, "iptables", "--list-rules")),
        "ports": re.findall(rf"port{number}@.*", told(*switched, "ip", "-oneline", "link", "show")),
    }
