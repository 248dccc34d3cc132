"""Values that pass through to pods: each reaches every pod that it is for, and none changes the chart's own words."""

import pytest

from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import plain, schema_job, server

SCHEDULING = ("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName")
CONFIG = "postgresql-bill-inquiry-config"


@pytest.mark.parametrize("name", SCHEDULING)
def test_every_pod_is_scheduled_as_the_values_say(name: str) -> None:
    pods = render(EVERYTHING_ON).pods()
    assert len(pods) >= 3
    assert {pod: plain(template["spec"][name]) for pod, template in pods.items()} == dict.fromkeys(pods, EVERYTHING_ON[name])


def test_every_pod_has_the_labels_and_annotations_of_the_values() -> None:
    pods = render(EVERYTHING_ON).pods()
    labels = EVERYTHING_ON["podLabels"] | EVERYTHING_ON["commonLabels"]
    annotations = EVERYTHING_ON["podAnnotations"]
    assert len(pods) >= 3
    assert {name for name, pod in pods.items() if labels.items() <= pod["metadata"]["labels"].items()} == set(pods)
    assert {name for name, pod in pods.items() if annotations.items() <= pod["metadata"]["annotations"].items()} == set(pods)


def test_what_no_value_asks_for_is_not_in_a_pod(default: Manifests) -> None:
    pods = default.pods()
    assert {name: [key for key in (*SCHEDULING, "imagePullSecrets") if key in pod["spec"]] for name, pod in pods.items()} == {
        name: [] for name in pods
    }
    assert "annotations" not in pods["Job/bill-inquiry-db-init"]["metadata"]
    assert "annotations" not in default["ServiceAccount", "postgresql-bill-inquiry"]["metadata"]


def test_a_label_given_twice_is_the_pods() -> None:
    pods = render({"commonLabels": {"team": "a", "x": "1"}, "podLabels": {"team": "b"}}).pods()
    found = {name: (pod["metadata"]["labels"]["team"], pod["metadata"]["labels"]["x"]) for name, pod in pods.items()}
    assert found == dict.fromkeys(pods, ("b", "1"))


def test_every_pod_uses_the_service_account_of_the_given_name_and_annotations() -> None:
    manifests = render(EVERYTHING_ON)
    account = manifests["ServiceAccount", "billing"]
    assert (account["metadata"]["name"], plain(account["metadata"]["annotations"])) == (
        "billing",
        {"azure.workload.identity/client-id": "1234"},
    )
    assert {pod["spec"]["serviceAccountName"] for pod in manifests.pods().values()} == {
        "billing",
        "bill-inquiry-snapshot",
        "bill-inquiry-snapshot-drill",
    }


def test_the_claim_has_its_own_labels_and_annotations_and_outlives_the_release_all_the_same() -> None:
    metadata = render(EVERYTHING_ON)["PersistentVolumeClaim", "postgresql-bill-inquiry-pvc"]["metadata"]
    assert metadata["labels"]["backup"] == "nightly"
    assert plain(metadata["annotations"]) == {"owner": "billing", "helm.sh/resource-policy": "keep"}


def test_the_servers_pod_has_the_extra_containers_and_the_size_of_shared_memory() -> None:
    spec = plain(server(render(EVERYTHING_ON))["spec"])
    assert [container for container in spec["containers"] if container["name"] == "vault-agent"] == EVERYTHING_ON[
        "extraContainers"
    ]
    assert [volume for volume in spec["volumes"] if volume["name"] == "shm"] == [
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}
    ]


def test_a_cluster_that_assigns_user_ids_is_left_to_it() -> None:
    manifests = render({"image": {"profile": "assigned"}})
    pods = manifests.pods()
    context = {"runAsNonRoot": True, "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}}
    assert [plain(pod["spec"]["securityContext"]) for pod in pods.values()] == [context] * len(pods)
    data = manifests["ConfigMap", CONFIG]["data"]
    assert "passwd" not in data
    assert "/etc/passwd" not in str(server(manifests))
    assert "local all all peer map=assigned\n" in data["pg_hba.conf"]
    assert data["pg_ident.conf"].splitlines()[-1] == "assigned /^[0-9]+$ postgres"


def test_scalars_that_yaml_would_take_for_something_else_stay_what_they_are() -> None:
    values = {
        "fullnameOverride": "null",
        "auth": {"database": "true", "existingSecret": "0123", "roles": {"bill_backup_user": {"existingSecret": "1e3"}}},
        "persistence": {"existingClaim": "0x1", "storageClass": "1e3"},
        "storageClass": {"provisioner": "1e3"},
        "serviceAccount": {"name": "12"},
        "image": {"pullSecrets": ["1.5"]},
        "priorityClassName": "0",
        "commonLabels": {"on": "off", "n": "0b1"},
        "podAnnotations": {"x": "true"},
        "nodeSelector": {"y": "1_000"},
        "tls": {"mode": "existingSecret", "existingSecret": "1e1"},
    }
    manifests = render(values, release="123", namespace="456")
    pod = server(manifests)
    assert manifests["ConfigMap", "null-config"]["data"]["POSTGRES_DB"] == "true"
    assert manifests["ServiceAccount", "12"]["metadata"]["labels"]["app.kubernetes.io/instance"] == "123"
    assert pod["spec"]["nodeSelector"] == {"y": "1_000"}
    [data] = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "postgresql-data"]
    assert data["persistentVolumeClaim"]["claimName"] == "0x1"
    claim = render({"fullnameOverride": "true", "persistence": {"storageClass": "1e3", "size": "1e10"}})
    assert claim["PersistentVolumeClaim", "true-pvc"]["spec"]["storageClassName"] == "1e3"


def test_large_numbers_are_written_whole() -> None:
    schema = {
        "waitSeconds": 2592000,
        "deadlineSeconds": 2592000,
        "lockTimeoutSeconds": 1000000,
        "ttlSecondsAfterFinished": 31536000,
    }
    tolerations = [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2592000}]
    manifests = render({"schema": schema, "image": {"tag": 20261124, "user": 1000660000}, "tolerations": tolerations})
    job = schema_job(manifests)
    [container] = job["spec"]["template"]["spec"]["containers"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert repr(job["spec"]["ttlSecondsAfterFinished"]) == "31536000"
    assert job["spec"]["activeDeadlineSeconds"] == (2592000 + 120) * 3
    assert (environment["WAIT_SECONDS"], environment["DEADLINE_SECONDS"], environment["LOCK_TIMEOUT"]) == (
        "2592000", "2592000", "1000000s",
    )  # fmt: skip
    assert container["command"][2] == "2592000"
    assert repr(job["spec"]["template"]["spec"]["securityContext"]["runAsUser"]) == "1000660000"
    assert repr(job["spec"]["template"]["spec"]["tolerations"][0]["tolerationSeconds"]) == "2592000"
    assert container["image"] == "docker.io/library/postgres:20261124"
