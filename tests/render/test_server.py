"""The server's pod and the objects that point at it."""

import pytest

from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import OF_BACKUPS, OF_SNAPSHOTS, SERVER, config, container, of_component, plain, server, stateful_set

PEERS = [{"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "billdb", "app.kubernetes.io/name": "billdb"}}}]


@pytest.mark.parametrize(("presets", "delays"), [((), (0, 0)), (("phonebill-dev",), (30, 5))], ids=["default", "the plan's"])
def test_probes_are_the_plans_and_recovery_is_given_an_hour(presets: tuple[str, ...], delays: tuple[int, int]) -> None:
    postgresql = container(render(presets=presets), "postgresql")
    ask = {"command": ("/bin/sh", "-c", "exec pg_isready -U postgres -h 127.0.0.1 -p 5432")}
    timing = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}
    quietly = {"command": ("/bin/bash", "/etc/postgresql/answering.sh")}
    for probe, delay in zip(("livenessProbe", "readinessProbe"), delays, strict=True):
        assert postgresql[probe] == {"exec": quietly, "initialDelaySeconds": delay, **timing}
    startup = postgresql["startupProbe"]
    assert startup["exec"]["command"][2].endswith(f"; {ask['command'][2]}")
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 3600
    assert startup["initialDelaySeconds"] >= postgresql["readinessProbe"]["initialDelaySeconds"]


@pytest.mark.parametrize(("logged", "asks"), [
    ("on", False), (True, False), ("all", False), ("receipt", False), ("authentication, receipt", False),
    ("off", True), (False, True), (None, True), ("authentication,authorization", True),
], ids=str)  # fmt: skip
def test_a_probe_asks_the_server_each_time_only_where_the_log_has_no_line_for_it(logged: object, asks: bool) -> None:
    parameters = {"parameters": {"log_connections": logged}}
    postgresql = container(render({"image": {"tag": "18"}, "postgresql": parameters}), "postgresql")
    commands = [postgresql[f"{probe}Probe"]["exec"]["command"] for probe in ("liveness", "readiness")]
    asking = ("/bin/sh", "-c", "exec pg_isready -U postgres -h 127.0.0.1 -p 5432")
    assert commands == [asking if asks else ("/bin/bash", "/etc/postgresql/answering.sh")] * 2


def test_the_server_is_told_the_form_of_its_log_where_it_is_not_text() -> None:
    def told(values: dict[str, object]) -> list[object]:
        variables = container(render({"image": {"tag": "15"}, "postgresql": values}), "postgresql")["env"]
        return [plain(variable) for variable in variables if variable["name"] == "LOG_FORMAT"]

    assert (told({}), told({"logFormat": "json"})) == ([], [{"name": "LOG_FORMAT", "value": "json"}])


def test_the_server_is_stopped_fast_within_its_grace_period(statefulset: Manifests) -> None:
    command = container(statefulset, "postgresql")["lifecycle"]["preStop"]["exec"]["command"]
    assert command == (
        "pg_ctl",
        "stop",
        "--mode=fast",
        f"--timeout={server(statefulset)['spec']['terminationGracePeriodSeconds']}",
    )
    assert server(statefulset)["spec"]["terminationGracePeriodSeconds"] >= 120


def test_the_volume_outlives_pods_and_what_need_not_last_is_in_memory_or_scratch(statefulset: Manifests) -> None:
    volumes = {volume["name"]: plain(volume) for volume in server(statefulset)["spec"]["volumes"]}
    [claim] = [o["metadata"]["name"] for o in of_component(statefulset, "PersistentVolumeClaim", "server")] or ["my-claim"]
    assert volumes["postgresql-data"] == {"name": "postgresql-data", "persistentVolumeClaim": {"claimName": claim}}
    assert [volumes[name].keys() for name in ("run", "tmp", "shm")] == [{"name", "emptyDir"}] * 3
    assert volumes["shm"]["emptyDir"].keys() == {"medium", "sizeLimit"}


def test_one_server_runs_and_a_pod_that_never_became_ready_does_not_block_the_upgrade_that_mends_it(
    statefulset: Manifests,
) -> None:
    spec = stateful_set(statefulset)["spec"]
    assert (spec["replicas"], spec["podManagementPolicy"]) == (1, "Parallel")
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_the_headless_service_gives_the_pod_its_name(statefulset: Manifests) -> None:
    name = stateful_set(statefulset)["spec"]["serviceName"]
    assert statefulset["Service", name]["spec"]["clusterIP"] == "None"


def test_every_service_leads_to_the_servers_port_by_its_name(statefulset: Manifests) -> None:
    [port] = container(statefulset, "postgresql")["ports"]
    wanted = {"name": "postgresql", "port": port["containerPort"], "targetPort": port["name"], "protocol": "TCP"}
    assert [plain(o["spec"]["ports"]) for o in of_component(statefulset, "Service", "server")] == [[wanted]] * 2


def test_no_two_services_have_one_selector(statefulset: Manifests) -> None:
    selectors = [tuple(sorted(service["spec"]["selector"].items())) for service in statefulset.of("Service")]
    assert len(set(selectors)) == len(selectors) >= 2


@pytest.mark.parametrize("kind", ["Service", "NetworkPolicy", "PodDisruptionBudget"])
def test_what_is_for_the_server_selects_the_servers_pod_and_no_other(statefulset: Manifests, kind: str) -> None:
    selectors = {
        name: o["spec"].get("podSelector", o["spec"].get("selector"))
        for (other, name), o in statefulset.items()
        if other == kind and not name.endswith(("-jobs", "-backup", "-snapshots", "-snapshot-copy", "-metrics"))
    }
    for name, selector in selectors.items():
        labels = dict(selector.get("matchLabels", selector)).items()
        selected = [pod for pod, o in statefulset.pods().items() if labels <= dict(o["metadata"]["labels"]).items()]
        assert [pod.partition("/")[0] for pod in selected] == ["StatefulSet"], name
    assert len(selectors) == (2 if kind == "Service" else 1) or kind == "NetworkPolicy"


def test_a_drain_is_never_blocked_by_the_disruption_budget(default: Manifests) -> None:
    spec = plain(default["PodDisruptionBudget", SERVER]["spec"])
    selector = {"matchLabels": {"app": SERVER}}
    assert spec == {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": selector}
    assert render({"podDisruptionBudget": {"enabled": False}}).of("PodDisruptionBudget") == []


def test_no_object_but_those_of_snapshots_gives_a_right_to_the_api(manifests: Manifests) -> None:
    given = {
        o["metadata"]["labels"]["app.kubernetes.io/component"] for kind in ("Role", "RoleBinding") for o in manifests.of(kind)
    }
    assert given <= {"snapshot"}
    assert not {kind for kind, _ in manifests} & {"ClusterRole", "ClusterRoleBinding"}
    servers = {o["spec"]["serviceAccountName"] for o in manifests.of("Cluster")}  # CloudNativePG gives it what it needs
    accounts = [account for account in manifests.of("ServiceAccount") if account["metadata"]["name"] not in servers]
    assert {account["automountServiceAccountToken"] for account in accounts} == {False}


@pytest.mark.parametrize(("profile", "user"), [("official", 999), ("bitnamilegacy", 1001), ("cloudnative-pg", 26)])
def test_the_image_profile_says_the_user(profile: str, user: int) -> None:
    manifests = render({"image": {"profile": profile}})
    assert {pod["spec"]["securityContext"]["runAsUser"] for pod in manifests.pods().values()} == {user}
    assert config(manifests, "passwd") == [
        "root:x:0:0:root:/root:/bin/bash",
        f"postgres:x:{user}:{user}:PostgreSQL:/tmp:/bin/bash",
    ]


def test_the_policy_of_the_server_lets_in_who_is_named_and_the_charts_own_and_by_default_the_cluster(default: Manifests) -> None:
    dns = [{"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}]
    everybody = [{"ports": [{"port": 5432, "protocol": "TCP"}], "from": [{"namespaceSelector": {}}]}]
    selector, types = {"matchLabels": {"app": SERVER}}, ["Ingress", "Egress"]
    assert plain(default["NetworkPolicy", SERVER]["spec"]) == {
        "podSelector": selector,
        "policyTypes": types,
        "egress": dns,
        "ingress": everybody,
    }
    named = plain(render(EVERYTHING_ON)["NetworkPolicy", SERVER]["spec"]["ingress"])
    given = EVERYTHING_ON["networkPolicy"]["from"]
    assert named == [{"ports": [{"port": 5433, "protocol": "TCP"}], "from": PEERS + given}]


def test_the_policy_of_the_jobs_lets_nobody_in_and_out_to_dns_the_server_and_what_is_named() -> None:
    manifests = render(EVERYTHING_ON)
    policy = plain(manifests["NetworkPolicy", f"{SERVER}-jobs"]["spec"])
    components = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in manifests.pods().values()}
    [expression] = policy["podSelector"].pop("matchExpressions")
    assert (expression["key"], expression["operator"]) == ("app.kubernetes.io/component", "In")
    # A move's pod is rendered where there is something to move.
    assert set(expression["values"]) == (components | {"move"}) - {"server", "metrics", *OF_BACKUPS, *OF_SNAPSHOTS}
    given = EVERYTHING_ON["networkPolicy"]
    ports = [{"port": port, "protocol": protocol} for port in (53, 5353) for protocol in ("UDP", "TCP")]
    to_server = {"ports": [{"port": 5433, "protocol": "TCP"}], "to": [{"podSelector": {"matchLabels": {"app": SERVER}}}]}
    assert policy == {
        "podSelector": PEERS[0]["podSelector"],
        "policyTypes": ["Ingress", "Egress"],
        "egress": [{"ports": ports, "to": given["dns"]}, *given["extraEgress"], to_server],
    }
