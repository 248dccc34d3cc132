"""What happens to servers that CloudNativePG runs: each fault by its name, to be followed by a cluster that is healthy again."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from harness.kubernetes import Cluster
from harness.local import node
from harness.on_cluster import cloudnativepg, writers
from harness.on_cluster.credential_faults import certificate_renewed, password_rotated
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.pod_processes import Process, freeze, inside_network, kill, manager, postmaster, thaw
from harness.waiting import wait_for

BY_FORCE = ("--grace-period=0", "--force")
Fault = Callable[[Instances, random.Random], None]


def primary_killed(instances: Instances, _: random.Random) -> None:
    """The primary's postmaster is killed."""
    _kill(instances, instances.primary(), postmaster)


def replica_killed(instances: Instances, chance: random.Random) -> None:
    """A replica's postmaster is killed."""
    _kill(instances, _one(instances.replicas(), chance), postmaster)


def primary_manager_killed(instances: Instances, _: random.Random) -> None:
    """The primary's instance manager is killed, and everything in its container with it."""
    _kill(instances, instances.primary(), manager)


def replica_manager_killed(instances: Instances, chance: random.Random) -> None:
    """A replica's instance manager is killed, and everything in its container with it."""
    _kill(instances, _one(instances.replicas(), chance), manager)


def primary_deleted(instances: Instances, _: random.Random) -> None:
    """The primary's pod is deleted, as a drain does it."""
    _delete(instances, instances.primary())


def primary_deleted_by_force(instances: Instances, _: random.Random) -> None:
    """The primary's pod is deleted without a word to it."""
    _delete(instances, instances.primary(), *BY_FORCE)


def replica_deleted_by_force(instances: Instances, chance: random.Random) -> None:
    """A replica's pod is deleted without a word to it."""
    _delete(instances, _one(instances.replicas(), chance), *BY_FORCE)


def switched_over(instances: Instances, chance: random.Random) -> None:
    """A person makes a replica the primary."""
    before = instances.primary()
    instances.promote(_one(instances.replicas(), chance))
    instances.wait_primary(before)


def restarted(instances: Instances, _: random.Random) -> None:
    """Every server is restarted, one after the other, as an update does it."""
    uids = {pod: instances.uid(pod) for pod in instances.pods()}
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    annotation = f"kubectl.kubernetes.io/restartedAt={now}"
    instances.release.cluster.kubectl("annotate", "--overwrite", f"cluster/{NAME}", annotation)
    instances.wait_replaced(uids)


def primary_and_operator_killed(instances: Instances, _: random.Random) -> None:
    """The operator's pod is killed, and the primary with it: nobody decides until a new operator does."""
    operator = Cluster(instances.release.cluster.kubeconfig, cloudnativepg.NAMESPACE)
    operator.kubectl("delete", "pods", f"--selector={cloudnativepg.PODS}", *BY_FORCE)
    _kill(instances, instances.primary(), manager)


def primary_killed_while_the_operator_is_away(instances: Instances, _: random.Random) -> None:
    """Nobody looks after the servers, and the primary's instance manager is killed: the kubelet alone brings it back."""
    primary = instances.primary()
    with cloudnativepg.away(instances.release.cluster):
        _kill(instances, primary, manager)
        wait_for(lambda: instances.takes_writes(primary), f"{primary} to take writes again", seen=instances.told)


def primary_frozen(instances: Instances, _: random.Random) -> None:
    """All of the primary's pod stands still; it goes on where it stood once another one is the primary, if it was not ended."""
    primary = instances.primary()
    uid = instances.uid(primary)
    with client_that_stays(instances, primary):
        try:
            with instances.ending(primary, 240):
                freeze(uid)
        finally:
            thaw(uid)


def primary_cut_off(instances: Instances, _: random.Random) -> None:
    """The primary reaches neither the others nor the control plane until another one is the primary; clients reach it."""
    primary = instances.primary()
    uid = instances.uid(primary)
    cluster = instances.release.cluster
    operator = Cluster(cluster.kubeconfig, cloudnativepg.NAMESPACE)
    peers = [_address(cluster, pod) for pod in instances.replicas()]
    peers += [str(pod["status"]["podIP"]) for pod in operator.get("pods")["items"] if "podIP" in pod["status"]]
    rules = [f"{verb} {address}" for address in peers for verb in ("INPUT --source", "OUTPUT --destination")]
    service = str(cluster.get("service/kubernetes", "--namespace=default")["spec"]["clusterIP"])
    rules += [
        f"OUTPUT --protocol tcp --dport {port} --destination {at}" for at in (service, node.ADDRESS) for port in (443, 6443)
    ]
    with client_that_stays(instances, primary):
        inside_network(uid, "\n".join(f"iptables --append {rule} --jump DROP" for rule in rules))
        try:
            instances.wait_primary(primary)
        finally:
            if uid in _uids(instances):
                inside_network(uid, "iptables --flush")


@contextmanager
def client_that_stays(instances: Instances, pod: str) -> Iterator[None]:
    """A writer that asks this pod, whoever the primary is: what it is told must be there in the end like all else."""
    address = _address(instances.release.cluster, pod)
    writer = writers.join(instances.release, address)
    yield
    before = writer.tries()  # one may be under way, and be told what was decided before
    wait_for(lambda: writer.tries() > before + 2, f"{writer.pod} to have asked {pod} since", seen=instances.told)
    writer.rest()


def _one(pods: list[str], chance: random.Random) -> str:
    return chance.choice(pods)


def _kill(instances: Instances, pod: str, which: Callable[[str], Process]) -> None:
    with instances.ending(pod):
        kill(which(instances.uid(pod)))


def _delete(instances: Instances, pod: str, *how: str) -> None:
    with instances.ending(pod):
        instances.release.cluster.kubectl("delete", f"pod/{pod}", "--wait=false", *how)


def _address(cluster: Cluster, pod: str) -> str:
    return str(cluster.get(f"pod/{pod}")["status"]["podIP"])


def _uids(instances: Instances) -> set[str]:
    return {instances.uid(pod) for pod in instances.pods()}


FAULTS: Mapping[str, Fault] = {
    each.__name__: each
    for each in (
        primary_killed,
        replica_killed,
        primary_manager_killed,
        replica_manager_killed,
        primary_deleted,
        primary_deleted_by_force,
        replica_deleted_by_force,
        switched_over,
        restarted,
        primary_and_operator_killed,
        primary_killed_while_the_operator_is_away,
        primary_frozen,
        primary_cut_off,
        password_rotated,
        certificate_renewed,
    )
}
