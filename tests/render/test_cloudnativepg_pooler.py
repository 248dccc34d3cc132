"""PgBouncer in front of the primary: the Pooler, what belongs to it, and who may connect to whom."""

from typing import Any

import pytest

from harness.chart import render
from tests.render.conftest import EVERYTHING_ON_CLOUDNATIVEPG
from tests.render.reading import SERVER, plain

POOLER = f"{SERVER}-pooler"
OWN: dict[str, Any] = {"engine": "cloudnativepg", "cloudnativepg": {"pooler": {"enabled": True}}}
PODS = {"cnpg.io/poolerName": POOLER}
SERVERS = [{"podSelector": {"matchLabels": {"app": SERVER}}}]
MONITORED: dict[str, Any] = {"metrics": {"enabled": True, "scrape": "podMonitor"}}


def spec(values: dict[str, Any] | None = None) -> Any:
    return plain(render(OWN | (values or {}))["Pooler", POOLER]["spec"])


@pytest.mark.parametrize("values", [
    {"engine": "cloudnativepg"} | MONITORED,
    {"cloudnativepg": {"pooler": {"enabled": True}}} | MONITORED,
], ids=["not asked for", "another engine"])  # fmt: skip
def test_there_is_nothing_of_it(values: dict[str, Any]) -> None:
    manifests = render(values)
    assert [name for _, name in manifests if name.startswith(POOLER)] == []
    assert "pooler" not in str(plain(manifests["Secret", f"{SERVER}-tls"]["metadata"]))
    assert "cnpg_pooler" not in manifests["ConfigMap", "bill-inquiry-schema-script"]["data"]["roles.sql"]


def test_it_pools_transactions_of_whoever_comes_in_over_tls_and_asks_the_server_by_its_certificate() -> None:
    found = spec()
    assert (found["cluster"], found["type"], found["instances"]) == ({"name": SERVER}, "rw", 2)
    assert found["pgbouncer"] == {
        "poolMode": "transaction",
        "serverTLSSecret": {"name": f"{POOLER}-tls"},
        "authQuery": "SELECT usename, passwd FROM pooler.user_search($1)",
        "image": "ghcr.io/cloudnative-pg/pgbouncer:1.25.1",
        "parameters": {
            "client_tls_sslmode": "require",
            "server_tls_sslmode": "verify-full",
            "server_tls_protocols": "secure",
            "max_client_conn": "1000",
            "default_pool_size": "20",
            "max_prepared_statements": "200",
        },
    }
    assert "monitoring" not in found


def test_every_option_is_in_the_words_of_the_pooler() -> None:
    given = EVERYTHING_ON_CLOUDNATIVEPG
    found = spec(given)
    assert (found["instances"], found["deploymentStrategy"]) == (4, {"type": "Recreate"})
    assert found["monitoring"] == {"tls": {"enabled": True}}
    image = given["cloudnativepg"]["pooler"]["image"]
    assert found["pgbouncer"]["image"] == f"mirror.example.com/ghcr/pgbouncer:1.25.0@{image['digest']}"
    parameters = found["pgbouncer"]["parameters"]
    assert (parameters["default_pool_size"], parameters["log_connections"]) == ("40", "false")
    assert (parameters["server_tls_sslmode"], parameters["server_tls_protocols"]) == ("verify-ca", "tlsv1.3")
    pod = found["template"]
    assert pod["metadata"]["labels"] == {"app": POOLER, "team": "billing", "mesh": "off"}
    assert pod["metadata"]["annotations"] == {"note": "there"}
    assert pod["spec"]["imagePullSecrets"] == [{"name": "mirror.example.com"}]
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "2", "memory": "256Mi"}}
    assert pod["spec"]["containers"] == [{"name": "pgbouncer", "imagePullPolicy": "Always", "resources": resources}]
    assert pod["spec"]["initContainers"] == [{"name": "bootstrap-controller", "resources": resources}]
    assert (pod["spec"]["nodeSelector"], pod["spec"]["tolerations"]) == (given["nodeSelector"], given["tolerations"])
    assert pod["spec"]["priorityClassName"] == "high"
    [spread] = pod["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"] == {"matchLabels": PODS}


def test_its_certificates_are_the_servers_for_clients_and_its_own_for_the_server() -> None:
    manifests = render(OWN)
    names = manifests["Secret", f"{SERVER}-tls"]["metadata"]["annotations"]["billdb/names"].split(",")
    assert {POOLER, f"{POOLER}.phonebill-dev.svc.cluster.local"} <= set(names)
    own = manifests["Secret", f"{POOLER}-tls"]
    assert (own["type"], set(own["data"])) == ("kubernetes.io/tls", {"ca.crt", "tls.crt", "tls.key"})
    assert own["metadata"]["labels"]["cnpg.io/reload"] == "true"
    replication = manifests["Secret", f"{SERVER}-replication-tls"]
    assert own["data"]["ca.crt"] == replication["data"]["ca.crt"], "the servers believe that CA"


def test_cert_manager_signs_it_with_the_schema_jobs_ca() -> None:
    manifests = render(OWN | {"tls": {"mode": "certManager", "issuerRef": {"name": "company"}}})
    made = plain(manifests["Certificate", f"{POOLER}-tls"]["spec"])
    assert (made["commonName"], made["usages"]) == ("cnpg_pooler_pgbouncer", ["digital signature", "client auth"])
    assert made["issuerRef"] == {"name": f"{SERVER}-hook-ca", "kind": "Issuer"}
    assert f"{POOLER}.phonebill-dev.svc" in manifests["Certificate", f"{SERVER}-tls"]["spec"]["dnsNames"]


def test_a_certificate_that_is_brought_along_is_for_clients_only() -> None:
    manifests = render(OWN | {"tls": {"mode": "existingSecret", "existingSecret": "mine"}})
    assert ("Secret", f"{POOLER}-tls") in manifests
    assert manifests["Pooler", POOLER]["spec"]["pgbouncer"]["serverTLSSecret"] == {"name": f"{POOLER}-tls"}


def test_the_schema_job_makes_its_role_and_the_question_that_it_may_ask() -> None:
    scripts = render(OWN)["ConfigMap", "bill-inquiry-schema-script"]["data"]
    before = render({"engine": "cloudnativepg"})["ConfigMap", "bill-inquiry-schema-script"]["data"]
    assert {name for name in scripts if scripts[name] != before[name]} == {"roles.sql"}
    added = scripts["roles.sql"].removeprefix(before["roles.sql"])
    assert "CREATE ROLE cnpg_pooler_pgbouncer" in added
    assert "FUNCTION pooler.user_search(asked TEXT)" in added


def test_clients_of_the_server_reach_it_and_it_reaches_the_servers_and_the_api() -> None:
    clients = [{"podSelector": {"matchLabels": {"tier": "application"}}}]
    policies = {"from": clients, "apiServer": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}
    manifests = render(OWN | {"networkPolicy": policies})
    policy = plain(manifests["NetworkPolicy", POOLER]["spec"])
    postgresql = [{"port": 5432, "protocol": "TCP"}]
    assert policy["podSelector"] == {"matchLabels": PODS}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == [{"ports": postgresql, "from": clients}]
    dns, servers, api = policy["egress"]
    assert {port["port"] for port in dns["ports"]} == {53}
    assert servers == {"ports": postgresql, "to": SERVERS}
    assert api["to"] == policies["apiServer"]
    assert api["ports"]
    inside = plain(manifests["NetworkPolicy", f"{SERVER}-instances"]["spec"]["ingress"])
    assert {"ports": postgresql, "from": [{"podSelector": {"matchLabels": PODS}}]} in inside


def test_without_named_clients_every_pod_reaches_it_and_without_policies_there_is_none() -> None:
    [postgresql, metrics] = plain(render(OWN | MONITORED)["NetworkPolicy", POOLER]["spec"]["ingress"])
    assert postgresql["from"] == metrics["from"] == [{"namespaceSelector": {}}]
    assert metrics["ports"] == [{"port": 9127, "protocol": "TCP"}]
    assert ("NetworkPolicy", POOLER) not in render(OWN | {"networkPolicy": {"enabled": False}})


def test_who_may_scrape_the_exporter_may_scrape_it() -> None:
    [_, metrics] = plain(render(EVERYTHING_ON_CLOUDNATIVEPG)["NetworkPolicy", POOLER]["spec"]["ingress"])
    assert metrics["from"] == EVERYTHING_ON_CLOUDNATIVEPG["metrics"]["from"]


def test_a_drain_takes_one_of_its_pods_at_a_time() -> None:
    budget = plain(render(OWN)["PodDisruptionBudget", POOLER]["spec"])
    assert (budget["maxUnavailable"], budget["selector"]) == (1, {"matchLabels": PODS})
    assert ("PodDisruptionBudget", POOLER) not in render(OWN | {"podDisruptionBudget": {"enabled": False}})


def test_prometheus_finds_its_pods_by_annotations_or_a_pod_monitor() -> None:
    annotated = spec({"metrics": {"enabled": True, "scrape": "annotations"}})["template"]["metadata"]["annotations"]
    assert annotated["prometheus.io/port"] == "9127"
    assert ("PodMonitor", f"{POOLER}-metrics") not in render(OWN | {"metrics": {"enabled": True}})
    monitor = plain(render(OWN | MONITORED)["PodMonitor", f"{POOLER}-metrics"]["spec"])
    assert monitor["selector"] == {"matchLabels": PODS}
    [endpoint] = monitor["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("metrics", "/metrics", "15s")
    assert {each["targetLabel"]: each["replacement"] for each in endpoint["relabelings"]} == {
        "namespace": "phonebill-dev",
        "server": SERVER,
    }
    assert "scheme" not in endpoint
    assert "monitoring" not in spec(MONITORED), "no TLS for metrics where the values ask for none"


def test_its_metrics_come_with_the_servers_certificate() -> None:
    monitor = render(EVERYTHING_ON_CLOUDNATIVEPG)["PodMonitor", f"{POOLER}-metrics"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    [endpoint] = plain(monitor["spec"])["podMetricsEndpoints"]
    assert (endpoint["scheme"], endpoint["interval"]) == ("https", "20s")
    assert endpoint["tlsConfig"]["ca"] == {"secret": {"name": f"{SERVER}-tls", "key": "ca.crt"}}
    assert endpoint["tlsConfig"]["serverName"] == f"{SERVER}.phonebill-dev.svc.cluster.local"
