"""What the chart's pods may do, and what may be done to them."""

import json

import pytest
import yaml

from harness import paths
from harness.chart import render
from harness.kubernetes import POD, CommandError
from harness.on_cluster.pods import manifest, standing
from harness.on_cluster.release import Release
from tests.render.conftest import EVERYTHING_ON

PRESETS = sorted(file.stem for file in paths.PRESETS.glob("*.yaml"))
KNOCK = "timeout 3 bash -c '</dev/tcp/{}' && echo open || echo closed"
API, DNS = "kubernetes.default.svc.cluster.local/443", "10.243.0.2/53"
SERVER = "postgresql-bill-inquiry/5432"


def knock(release: Release, pod: str, target: str) -> str:
    return release.cluster.kubectl("exec", pod, "--", "bash", "-c", KNOCK.format(target)).strip()


def test_the_server_reaches_dns_and_nothing_else(database: Release) -> None:
    assert {target: knock(database, POD, target) for target in (API, DNS)} == {API: "closed", DNS: "open"}


@pytest.mark.parametrize("component", ["schema", "retention", "test"])
def test_a_pod_of_a_job_reaches_dns_and_the_server_and_nothing_else(database: Release, component: str) -> None:
    labels = {
        "app.kubernetes.io/instance": "billdb",
        "app.kubernetes.io/name": "billdb",
        "app.kubernetes.io/component": component,
    }
    pod = standing(database.cluster, f"like-{component}", labels, {})
    expected = {API: "closed", DNS: "open", SERVER: "open"}
    assert {target: knock(database, pod, target) for target in expected} == expected


def test_any_other_pod_reaches_what_the_policies_do_not_cover(database: Release) -> None:
    pod = standing(database.cluster, "free", {}, {})
    assert knock(database, pod, API) == "open", "or the closed ones above would prove nothing"


def test_no_pod_holds_a_token_of_the_api(database: Release) -> None:
    token = "test -e /var/run/secrets/kubernetes.io && echo there || echo none"
    assert database.cluster.kubectl("exec", POD, "--", "bash", "-c", token).strip() == "none"


def test_the_servers_image_is_read_only(database: Release) -> None:
    write = "touch /usr/local/there 2>&1; id -u; grep -E '^(CapEff|Seccomp|NoNewPrivs):' /proc/self/status"
    told = database.cluster.kubectl("exec", POD, "--", "bash", "-c", write)
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
    assert len(pods) == 5


def test_a_restricted_namespace_refuses_a_pod_that_is_not_so(database: Release) -> None:
    pod = manifest("privileged", "true")
    del pod["spec"]["containers"][0]["securityContext"]
    with pytest.raises(CommandError, match="violates PodSecurity"):
        admitted(database, pod)


def admitted(release: Release, pod: dict[str, object]) -> str:
    return release.cluster.kubectl("create", "--dry-run=server", "--filename=-", stdin=yaml.safe_dump(pod))


def test_the_drain_of_a_node_may_evict_the_server(database: Release) -> None:
    before = database.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": POD, "namespace": database.cluster.namespace}}
    path = f"/api/v1/namespaces/{database.cluster.namespace}/pods/{POD}/eviction"
    database.cluster.kubectl("create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))
    database.cluster.kubectl("rollout", "status", "statefulset/postgresql-bill-inquiry", "--timeout=90s")
    assert database.cluster.get(f"pod/{POD}")["metadata"]["uid"] != before
    assert database.cluster.sql("SELECT count(*) FROM system_config") == "13"
