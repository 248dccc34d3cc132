"""The exporter's objects: how it logs in, who may ask it, and that the server's pod does not know of it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import paths
from harness.chart import Manifests, Object, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import SERVER, container, environment, plain, stateful_set

NAME = f"{SERVER}-metrics"
ROLE = "bill_monitoring_user"


def on(**metrics: Any) -> Manifests:
    """The chart with the exporter."""
    return render({"metrics": {"enabled": True} | metrics})


def pod(manifests: Manifests) -> Object:
    found: Object = plain(manifests["Deployment", NAME]["spec"]["template"])
    return found


def test_off_there_is_nothing_of_it_and_on_there_is_a_deployment_of_its_own(default: Manifests) -> None:
    assert [key for key in default if "metrics" in key[1]] == []
    assert set(on()) - set(default) == {
        ("ConfigMap", f"{NAME}-queries"), ("Deployment", NAME), ("NetworkPolicy", NAME), ("Service", NAME),
    }  # fmt: skip


@pytest.mark.parametrize("metrics", [
    {}, {"scrape": "serviceMonitor"}, {"tls": {"enabled": True}}, {"alerts": {"enabled": True}, "dashboard": {"enabled": True}},
    {"port": 9999, "image": {"tag": "v1"}, "from": [{"podSelector": {}}]},
], ids=["on", "a monitor", "TLS", "alerts and dashboard", "other details"])  # fmt: skip
def test_whatever_is_set_the_servers_pod_and_its_policy_stay_as_they_are(default: Manifests, metrics: dict[str, Any]) -> None:
    found = on(**metrics)
    assert stateful_set(found) == stateful_set(default), "it would be restarted"
    for key in (("NetworkPolicy", SERVER), ("ConfigMap", f"{SERVER}-config"), ("Service", SERVER)):
        assert found[key] == default[key]


def test_it_logs_in_as_monitorings_role_over_verified_tls_with_nothing_but_its_password() -> None:
    manifests = on()
    variables = environment(container(manifests, "metrics"))
    assert variables == {
        "DATA_SOURCE_URI": f"{SERVER}.phonebill-dev.svc.cluster.local:5432/bill_inquiry_db?connect_timeout=5"
        "&application_name=billdb/metrics&search_path=pg_catalog&sslmode=verify-full&sslrootcert=/tls/ca.crt",
        "DATA_SOURCE_USER": ROLE,
        "DATA_SOURCE_PASS_FILE": "/password/password",
    }
    volumes = {volume["name"]: volume for volume in pod(manifests)["spec"]["volumes"]}
    assert set(volumes) == {"queries", "credentials", "password", "tls"}
    assert volumes["password"]["emptyDir"]["medium"] == "Memory"
    mounted = {name: {mount["name"] for mount in container(manifests, name)["volumeMounts"]} for name in ("metrics", "password")}
    assert mounted == {"metrics": {"queries", "password", "tls"}, "password": {"queries", "password", "credentials"}}
    [source] = volumes["credentials"]["projected"]["sources"]
    assert source["secret"] == {
        "name": f"{SERVER}-secret",
        "items": [{"key": "bill-monitoring-user-password", "path": ROLE}],
    }
    assert volumes["tls"]["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    without = render({"tls": {"mode": "disabled"}, "metrics": {"enabled": True}})
    assert environment(container(without, "metrics"))["DATA_SOURCE_URI"].endswith("&sslmode=disable")


def taken(folder: Path, password: str) -> "subprocess.CompletedProcess[str]":
    """The container that gives the exporter its password, run with this one."""
    script = on()["ConfigMap", f"{NAME}-queries"]["data"]["take-password.sh"].replace("/credentials", str(folder))
    (folder / ROLE).write_text(password)
    return subprocess.run(["bash", "-c", script, "bash", ROLE, str(folder / "password")], capture_output=True, text=True)


@pytest.mark.parametrize("password", ["plain", "it's:$HOME`id`\\%", "감시\\:", "-n"])
def test_a_password_is_given_as_it_is_to_the_exporter_alone(tmp_path: Path, password: str) -> None:
    assert taken(tmp_path, password).returncode == 0
    assert (tmp_path / "password").read_text() == password
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("password", ["a b", " a", "a\tb", "a\nb"])
def test_a_password_that_the_exporter_would_write_to_its_log_is_not_given_to_it(tmp_path: Path, password: str) -> None:
    found = taken(tmp_path, password)
    assert found.returncode == 1
    assert found.stderr == f"the password of {ROLE} has a blank, with which the exporter cannot log in: choose another\n"
    assert not (tmp_path / "password").exists()


def test_it_asks_the_charts_queries_and_leaves_out_what_has_a_label_of_the_clients_choice() -> None:
    assert plain(container(on(), "metrics")["command"]) == [
        "/bin/postgres_exporter",
        "--web.listen-address=:9187",
        "--extend.query-path=/etc/billdb/queries.yaml",
        "--disable-default-metrics",
        "--disable-settings-metrics",
    ]


def test_every_query_is_in_the_file_with_a_cache_and_words_for_each_column() -> None:
    queries = yaml.safe_load(on()["ConfigMap", f"{NAME}-queries"]["data"]["queries.yaml"])
    files = {file.stem for file in (paths.CHART / "monitoring" / "queries").glob("*.yaml")}
    assert set(queries) == files
    for name, query in queries.items():
        assert set(query) == {"query", "cache_seconds", "metrics"}, name
        assert query["cache_seconds"] >= 10, f"{name}: two Prometheus beside each other ask for one answer"
        for metric in query["metrics"]:
            [(column, how)] = metric.items()
            assert how["usage"] in ("LABEL", "GAUGE", "COUNTER"), (name, column)
            assert (how["usage"] == "COUNTER") == column.endswith("_total") or column == "total", (name, column)
            assert len(str(how["description"])) > 3, (name, column)


def test_its_probes_ask_whether_it_answers_and_not_whether_the_server_does() -> None:
    for manifests, scheme in ((on(), None), (on(tls={"enabled": True}), "HTTPS")):
        found = plain(container(manifests, "metrics"))
        for probe in ("readinessProbe", "livenessProbe"):
            asked = found[probe]["httpGet"]
            assert (asked["path"], asked["port"], asked.get("scheme")) == ("/", "metrics", scheme)
    assert plain(on()["Deployment", NAME]["spec"]["strategy"]) == {"type": "Recreate"}


def test_its_policy_lets_in_whom_the_values_name_and_out_to_dns_and_the_server() -> None:
    spec = plain(on()["NetworkPolicy", NAME]["spec"])
    assert spec["podSelector"] == {"matchLabels": {"app": NAME}}
    assert spec["ingress"] == [{"ports": [{"port": 9187, "protocol": "TCP"}], "from": [{"namespaceSelector": {}}]}]
    dns, server = spec["egress"]
    assert {port["port"] for port in dns["ports"]} == {53}
    assert server == {
        "ports": [{"port": 5432, "protocol": "TCP"}],
        "to": [{"podSelector": {"matchLabels": {"app": SERVER}}}],
    }
    named = plain(render(EVERYTHING_ON)["NetworkPolicy", NAME]["spec"]["ingress"])
    assert named == [{"ports": [{"port": 9188, "protocol": "TCP"}], "from": EVERYTHING_ON["metrics"]["from"]}]
    assert ("NetworkPolicy", NAME) not in render({"metrics": {"enabled": True}, "networkPolicy": {"enabled": False}})


@pytest.mark.parametrize(("kind", "endpoints"), [("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")])
def test_a_monitor_gives_every_series_the_names_of_namespace_and_server(kind: str, endpoints: str) -> None:
    manifests = on(scrape=kind[0].lower() + kind[1:], monitor={"labels": {"release": "prometheus"}})
    monitor = plain(manifests[kind, NAME])
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["selector"] == {"matchLabels": {"app": NAME}}
    assert monitor["spec"][endpoints] == [{
        "port": "metrics", "path": "/metrics", "interval": "15s",
        "relabelings": [
            {"targetLabel": "namespace", "replacement": "phonebill-dev"}, {"targetLabel": "server", "replacement": SERVER},
        ],
        "metricRelabelings": [{"action": "labeldrop", "regex": "exported_server"}],
    }]  # fmt: skip
    service = manifests["Service", NAME]
    assert service["metadata"]["labels"]["app"] == NAME
    assert plain(service["spec"]["ports"]) == [{"name": "metrics", "port": 9187, "targetPort": "metrics", "protocol": "TCP"}]


def test_annotations_are_the_pods_and_only_where_they_are_asked_for() -> None:
    plainly = pod(on())["metadata"]["annotations"]
    assert [key for key in plainly if key.startswith("prometheus.io/")] == []
    for tls, scheme in ((False, "http"), (True, "https")):
        found = pod(on(scrape="annotations", tls={"enabled": tls}))["metadata"]["annotations"]
        assert {key: value for key, value in found.items() if key.startswith("prometheus.io/")} == {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9187",
            "prometheus.io/path": "/metrics",
            "prometheus.io/scheme": scheme,
        }


def test_with_tls_it_serves_its_own_certificate_and_the_monitor_verifies_it() -> None:
    manifests = on(tls={"enabled": True}, scrape="serviceMonitor")
    web = yaml.safe_load(manifests["ConfigMap", f"{NAME}-queries"]["data"]["web.yaml"])
    assert web == {
        "tls_server_config": {"cert_file": "/tls-metrics/tls.crt", "key_file": "/tls-metrics/tls.key", "min_version": "TLS12"}
    }
    assert "--web.config.file=/etc/billdb/web.yaml" in container(manifests, "metrics")["command"]
    [endpoint] = plain(manifests["ServiceMonitor", NAME]["spec"]["endpoints"])
    assert (endpoint["scheme"], endpoint["tlsConfig"]) == (
        "https",
        {
            "serverName": f"{NAME}.phonebill-dev.svc.cluster.local",
            "ca": {"secret": {"name": f"{NAME}-tls", "key": "ca.crt"}},
        },
    )
    names = manifests["Secret", f"{NAME}-tls"]["metadata"]["annotations"]["billdb/names"].split(",")
    assert endpoint["tlsConfig"]["serverName"] in names
    assert [name for name in names if not name.startswith(NAME)] == [], "it cannot stand in for the server"
    assert manifests["Secret", f"{NAME}-ca"]["data"]["ca.crt"] != manifests["Secret", f"{SERVER}-ca"]["data"]["ca.crt"]


def test_other_files_have_it_started_anew_and_nothing_else_does() -> None:
    first, again, other = (
        pod(on(**metrics))["metadata"]["annotations"]
        for metrics in ({}, {"alerts": {"runbooks": "x"}}, {"tls": {"enabled": True}})
    )
    assert first == again
    assert first != other
