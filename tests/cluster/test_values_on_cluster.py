"""Values that only a real cluster can judge: odd names, and what passes through to pods."""

from typing import Any

import pytest

from harness.on_cluster.release import Release

VALUES: dict[str, Any] = {
    "auth": {"database": "true"},
    "serviceAccount": {"name": "12", "annotations": {"note": "true"}},
    "podLabels": {"team": "0123"},
    "podAnnotations": {"sidecar.istio.io/inject": "false"},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"team": "0123"}},
        }
    ],
    "tolerations": [{"key": "database", "operator": "Exists"}],
    "sharedMemorySize": "300Mi",
    "tls": {"ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384"},
    "persistence": {"size": "0.5Gi", "labels": {"backup": "12"}},
    "networkPolicy": {"dnsPorts": [53, 5353], "extraEgress": [{"ports": [{"port": 8200}]}]},
    "extraVolumes": [{"name": "extra", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "extra", "mountPath": "/extra"}],
    "extraContainers": [
        {
            "name": "extra",
            "image": "docker.io/library/postgres:14",
            "command": ["sleep", "infinity"],
            "volumeMounts": [{"name": "extra", "mountPath": "/extra"}],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}
PODS = ("postgresql-bill-inquiry-0", "bill-inquiry-db-init", "bill-inquiry-db-test", "bill-inquiry-backup-test")


@pytest.fixture(scope="module")
def installed(release: Release) -> Release:
    """The release with these values, its test run."""
    release.install(VALUES)
    release.cluster.helm("test", release.name)
    return release


def pods(release: Release) -> dict[str, dict[str, Any]]:
    """The chart's pods as the API has them, by the beginning of their names."""
    items = release.cluster.get("pods", "--selector=app.kubernetes.io/name=billdb")["items"]
    found = {name: [pod for pod in items if pod["metadata"]["name"].startswith(name)] for name in PODS}
    assert {name: len(matching) for name, matching in found.items()} == dict.fromkeys(PODS, 1)
    return {name: pod for name, [pod] in found.items()}


def test_a_database_called_true_has_the_schema(installed: Release) -> None:
    script = "SELECT current_database(), count(*) FROM public.system_config WHERE config_type = 'INTEGER'"
    assert installed.cluster.sql(script, database="true") == "true|13"


def test_every_pod_has_the_annotations_the_account_and_the_spread_of_the_values(installed: Release) -> None:
    found = {
        name: (
            pod["metadata"]["annotations"].get("sidecar.istio.io/inject"),
            pod["metadata"]["labels"]["team"],
            pod["spec"]["serviceAccountName"],
            pod["spec"]["topologySpreadConstraints"],
            [toleration for toleration in pod["spec"]["tolerations"] if toleration.get("key") == "database"],
        )
        for name, pod in pods(installed).items()
    }
    wanted = ("false", "0123", "12", VALUES["topologySpreadConstraints"], VALUES["tolerations"])
    assert found == dict.fromkeys(PODS, wanted)


def test_a_size_that_is_written_otherwise_is_no_growth(installed: Release) -> None:
    assert installed.cluster.get("pvc/postgresql-bill-inquiry-pvc")["spec"]["resources"]["requests"]["storage"] == "512Mi"
    said = installed.upgrade(VALUES)
    assert "STATUS: deployed" in said
    assert "THE VOLUME GROWS" not in said


def test_shared_memory_has_the_size_of_the_values(installed: Release) -> None:
    size = installed.cluster.kubectl("exec", PODS[0], "--container=postgresql", "--", "df", "-k", "--output=size", "/dev/shm")
    assert int(size.split()[1]) == 300 * 1024


def test_an_extra_container_shares_an_extra_volume_with_the_server(installed: Release) -> None:
    installed.cluster.kubectl("exec", PODS[0], "--container=extra", "--", "bash", "-c", "echo seen > /extra/file")
    assert installed.cluster.kubectl("exec", PODS[0], "--container=postgresql", "--", "cat", "/extra/file") == "seen\n"


def test_the_server_offers_the_ciphers_of_the_values_alone(installed: Release) -> None:
    script = "psql -tAc 'SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()'"
    old = {"PGDATABASE": "true", "PGSSLMAXPROTOCOLVERSION": "TLSv1.2"}
    assert installed.ask("client", script, old) == (True, "ECDHE-ECDSA-AES256-GCM-SHA384\n")
