"""What happens to servers that CloudNativePG runs: each fault by its name, to be followed by a cluster that is healthy again."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from harness import commands
from harness.kubernetes import Cluster
from harness.local import node
from harness.on_cluster import cloudnativepg
from harness.on_cluster.credential_faults import certificate_renewed, password_rotated
from harness.on_cluster.instances import NAME, Instances
from harness.waiting import wait_for

POSTMASTER = "postgres"
MANAGER = "manager"
Fault = Callable[[Instances, random.Random], None]


def _first(uid: str, name: str, do: str) -> str:
    """Run a line of bash for the first process of this name in the pod with this uid, as the node sees it; what it printed."""
    running = node.current()
    assert running, "this needs the local Kubernetes"
    script = f"""
        for process in $(grep -lsF {uid} /proc/[0-9]*/cgroup | cut -d/ -f3 | sort -n)
        do
            [[ $(cat /proc/$process/comm) == {name} ]] && {do} && break
        done 2> /dev/null
        true
    """
    return commands.run(running.command("bash", "-c", script)).strip()


def signal_process(uid: str, name: str, signal: str) -> None:
    """A signal to the first process of this name in the pod with this uid."""
    assert _first(uid, name, f"kill -{signal} $process && echo done") == "done", f"no process {name} in the pod {uid}"


def inside_network(uid: str, script: str) -> None:
    """Run a script of bash in the network of the pod with this uid."""
    process = _first(uid, MANAGER, "echo $process")
    assert process, f"no instance manager in the pod {uid}"
    running = node.current()
    assert running
    commands.run(running.command("nsenter", f"--target={process}", "--net", "--", "bash", "-ec", script))


def _one(pods: list[str], chance: random.Random) -> str:
    return chance.choice(pods)


def primary_killed(instances: Instances, _: random.Random) -> None:
    """The primary's postmaster is killed."""
    signal_process(instances.uid(instances.primary()), POSTMASTER, "KILL")


def replica_killed(instances: Instances, chance: random.Random) -> None:
    """A replica's postmaster is killed."""
    signal_process(instances.uid(_one(instances.replicas(), chance)), POSTMASTER, "KILL")


def primary_manager_killed(instances: Instances, _: random.Random) -> None:
    """The primary's instance manager is killed, and everything in its container with it."""
    signal_process(instances.uid(instances.primary()), MANAGER, "KILL")


def replica_manager_killed(instances: Instances, chance: random.Random) -> None:
    """A replica's instance manager is killed, and everything in its container with it."""
    signal_process(instances.uid(_one(instances.replicas(), chance)), MANAGER, "KILL")


def primary_deleted(instances: Instances, _: random.Random) -> None:
    """The primary's pod is deleted, as a drain does it."""
    instances.release.cluster.kubectl("delete", f"pod/{instances.primary()}", "--wait=false")


def primary_deleted_by_force(instances: Instances, _: random.Random) -> None:
    """The primary's pod is deleted without a word to it."""
    instances.release.cluster.kubectl("delete", f"pod/{instances.primary()}", "--grace-period=0", "--force")


def replica_deleted_by_force(instances: Instances, chance: random.Random) -> None:
    """A replica's pod is deleted without a word to it."""
    instances.release.cluster.kubectl("delete", f"pod/{_one(instances.replicas(), chance)}", "--grace-period=0", "--force")


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


def primary_killed_while_the_operator_is_away(instances: Instances, _: random.Random) -> None:
    """The operator's pod is killed, and the primary with it: nobody decides until a new operator does."""
    operator = Cluster(instances.release.cluster.kubeconfig, cloudnativepg.NAMESPACE)
    operator.kubectl("delete", "pods", "--all", "--grace-period=0", "--force")
    signal_process(instances.uid(instances.primary()), MANAGER, "KILL")


def primary_frozen(instances: Instances, _: random.Random) -> None:
    """The primary's instance manager and postmaster stop, until another server is the primary or the kubelet ends it."""
    primary = instances.primary()
    uid = instances.uid(primary)
    before = instances.restarts(primary)
    for name in (MANAGER, POSTMASTER):
        signal_process(uid, name, "STOP")
    try:
        wait_for(
            lambda: instances.primary() != primary or instances.restarts(primary) > before,
            f"{primary}, which stands still, to be replaced or restarted",
            240,
            instances.told,
        )
    finally:
        for name in (POSTMASTER, MANAGER):
            _if_there(uid, name, "CONT")


def primary_cut_off(instances: Instances, _: random.Random) -> None:
    """The primary and the rest of the cluster cannot reach one another until another one is the primary; clients reach it."""
    primary = instances.primary()
    uid = instances.uid(primary)
    cluster = instances.release.cluster
    others = [str(cluster.get(f"pod/{pod}")["status"]["podIP"]) for pod in instances.replicas()]
    service = cluster.get("service/kubernetes", "--namespace=default")["spec"]["clusterIP"]
    rules = [f"{verb} {address}" for address in others for verb in ("INPUT --source", "OUTPUT --destination")]
    rules += [
        f"OUTPUT --protocol tcp --dport {port} --destination {address}"
        for address in (service, node.ADDRESS)
        for port in (443, 6443)
    ]
    # The operator asks each server at this port.
    rules += ["INPUT --protocol tcp --dport 8000"]
    inside_network(uid, "\n".join(f"iptables --append {rule} --jump DROP" for rule in rules))
    try:
        instances.wait_primary(primary)
    finally:
        if uid in _uids(instances):
            inside_network(uid, "iptables --flush")


def _uids(instances: Instances) -> set[str]:
    return {instances.uid(pod) for pod in instances.pods()}


def _if_there(uid: str, name: str, signal: str) -> None:
    try:
        signal_process(uid, name, signal)
    except AssertionError:  # its pod was replaced meanwhile
        return


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
        primary_killed_while_the_operator_is_away,
        primary_frozen,
        primary_cut_off,
        password_rotated,
        certificate_renewed,
    )
}
