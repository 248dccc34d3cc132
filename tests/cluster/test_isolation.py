"""What the chart's pods may do, and what may be done to them."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping

import pytest
import yaml

from harness import paths
from harness.chart import render
from harness.kubernetes import Cluster, CommandError
from harness.local import node
from harness.on_cluster.pods import listening, manifest, standing
from harness.on_cluster.release import Release
from harness.waiting import wait_for
from tests.render.conftest import EVERYTHING_ON

PRESETS = sorted(file.stem for file in paths.PRESETS.glob("*.yaml"))
# Of what is refused nothing is heard: the seconds are for what is open, and are waited for once by all targets together.
KNOCK = """
for target; do
  { timeout 10 bash -c "</dev/tcp/$target" && echo "$target open" || echo "$target closed"; } 2> /dev/null &
done
wait
"""
API, KUBELET, DNS = "kubernetes.default.svc.cluster.local/443", f"{node.ADDRESS}/10250", f"{node.ADDRESS}/53"
SERVER = "postgresql-bill-inquiry/5432"
PORT = 5432


def knock(release: Release, pod: str, *targets: str) -> dict[str, str]:
    """Try each target, HOST/PORT, from the pod's first container; returns for each open or closed."""
    told = release.cluster.kubectl("exec", pod, "--", "bash", "-c", KNOCK, "knock", *targets)
    return dict(line.rsplit(" ", 1) for line in told.splitlines())


def confined(release: Release, name: str, labels: Mapping[str, str]) -> str:
    """Start a pod that a policy forbids to reach the kubelet, and wait until it does; returns its name.

    Kubernetes says not when: one that has just begun may reach everything for a moment.
    """
    pod = standing(release.cluster, name, labels, {})
    wait_for(lambda: knock(release, pod, KUBELET)[KUBELET] == "closed", f"the policies of {pod} to be in force")
    return pod


@pytest.fixture(scope="module")
def elsewhere(database: Release, namespaces: Callable[[str], Cluster]) -> Iterator[list[str]]:
    """What no pod of the chart is to reach: the API, the node's kubelet, other pods, and a machine outside the cluster."""
    pods = [listening(cluster, "listening", PORT) for cluster in (database.cluster, namespaces("billdb-isolation-elsewhere"))]
    with socket.create_server((node.HOST_ADDRESS, 0)) as machine:
        outside = f"{node.HOST_ADDRESS}/{machine.getsockname()[1]}"
        yield [API, KUBELET, *(f"{address}/{PORT}" for address in pods), outside]


def test_a_pod_that_is_not_the_charts_reaches_all_of_it(database: Release, elsewhere: list[str]) -> None:
    pod = standing(database.cluster, "free", {}, {})
    assert knock(database, pod, *elsewhere, DNS) == dict.fromkeys([*elsewhere, DNS], "open"), "or closed would prove nothing"


def test_the_server_reaches_dns_and_nothing_else(database: Release, elsewhere: list[str]) -> None:
    assert knock(database, database.cluster.pod, *elsewhere, DNS) == dict.fromkeys(elsewhere, "closed") | {DNS: "open"}


@pytest.mark.parametrize("component", ["schema", "retention", "test"])
def test_a_pod_of_a_job_reaches_dns_and_the_server_and_nothing_else(
    database: Release, elsewhere: list[str], component: str
) -> None:
    labels = {
        "app.kubernetes.io/instance": "billdb",
        "app.kubernetes.io/name": "billdb",
        "app.kubernetes.io/component": component,
    }
    pod = confined(database, f"like-{component}", labels)
    found = knock(database, pod, *elsewhere, DNS, SERVER)
    assert found == dict.fromkeys(elsewhere, "closed") | {DNS: "open", SERVER: "open"}


def test_no_pod_holds_a_token_of_the_api(database: Release) -> None:
    token = "test -e /var/run/secrets/kubernetes.io && echo there || echo none"
    assert database.cluster.kubectl("exec", database.cluster.pod, "--", "bash", "-c", token).strip() == "none"


def test_the_servers_image_is_read_only(database: Release) -> None:
    write = "touch /usr/local/there 2>&1; id -u; grep -E '^(CapEff|Seccomp|NoNewPrivs):' /proc/self/status"
    told = database.cluster.kubectl("exec", database.cluster.pod, "--", "bash", "-c", write)
    assert "Read-only file system" in told
    assert told.splitlines()[1:] == ["999", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]


@pytest.mark.parametrize("preset", ["", "everything on", *PRESETS])
def test_a_restricted_namespace_admits_every_pod(database: Release, preset: str) -> None:
    pods = (render(EVERYTHING_ON) if preset == "everything on" else render(presets=[preset] if preset else [])).pods()
    for name, pod in pods.items():
        spec = json.loads(json.dumps(pod["spec"], default=lambda frozen: dict(frozen)))
        spec.pop("priorityClassName", None)  # another admission's concern: the class must exist
        spec["serviceAccountName"] = "postgresql-bill-inquiry"
        made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "admitted-"}, "spec": spec}
        assert "created" in admitted(database, made), name
    assert len(pods) >= 9


def test_a_restricted_namespace_refuses_a_pod_that_is_not_so(database: Release) -> None:
    pod = manifest("privileged", "true")
    del pod["spec"]["containers"][0]["securityContext"]
    with pytest.raises(CommandError, match="violates PodSecurity"):
        admitted(database, pod)


def admitted(release: Release, pod: dict[str, object]) -> str:
    return release.cluster.kubectl("create", "--dry-run=server", "--filename=-", stdin=yaml.safe_dump(pod))


def test_the_drain_of_a_node_may_evict_the_server(database: Release) -> None:
    pod, namespace = database.cluster.pod, database.cluster.namespace
    uid = ("get", f"pod/{pod}", "--ignore-not-found", "--output=jsonpath={.metadata.uid}")
    before = database.cluster.kubectl(*uid)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
    database.cluster.kubectl("create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))
    wait_for(lambda: database.cluster.kubectl(*uid) not in ("", before), "the next pod")
    database.cluster.kubectl("wait", f"pod/{pod}", "--for=condition=Ready", "--timeout=240s")
    assert database.cluster.sql("SELECT count(*) FROM system_config") == "13"
