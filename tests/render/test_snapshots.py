"""The CronJobs of snapshots, what they may do, and the server on a copy."""

import pytest

from harness.chart import Manifests, Object, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import environment, plain

NAME = "bill-inquiry-snapshot"
DRILL, COPY = f"{NAME}-drill", f"{NAME}-copy"
ON = {"snapshots": {"class": "daily"}}
API = "snapshot.storage.k8s.io"


def cronjob(manifests: Manifests, name: str) -> Object:
    """The specification of a CronJob, plain."""
    found: Object = plain(manifests["CronJob", name]["spec"])
    return found


def pod(manifests: Manifests, name: str) -> Object:
    found: Object = cronjob(manifests, name)["jobTemplate"]["spec"]["template"]["spec"]
    return found


def test_without_a_class_nothing_of_snapshots_is_rendered_and_without_a_drill_no_copy(default: Manifests) -> None:
    assert [name for _, name in default if "snapshot" in name] == []
    without = render({"snapshots": {"class": "daily", "drill": {"enabled": False}}})
    of_snapshots = [(kind, name) for kind, name in without if name.startswith(NAME) and not name.endswith("-script")]
    assert sorted(of_snapshots) == [(kind, NAME) for kind in ("CronJob", "Role", "RoleBinding", "ServiceAccount")]


@pytest.mark.parametrize(("name", "schedule", "seconds"), [(NAME, "0 1 * * *", 1800), (DRILL, "0 4 * * 6", 7200)])
def test_cronjob_of_snapshots_is_bounded_and_safe_to_miss(name: str, schedule: str, seconds: int) -> None:
    spec = dict(cronjob(render(ON), name))
    job = spec.pop("jobTemplate")["spec"]
    assert spec == {
        "schedule": schedule,
        "timeZone": "Asia/Seoul",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    }
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (2, 3 * (seconds + 120))
    _, on_exit = job["podFailurePolicy"]["rules"]
    assert on_exit["onExitCodes"] == {"containerName": "snapshot", "operator": "In", "values": [3, 124]}
    [container] = job["template"]["spec"]["containers"]
    assert container["command"][:4] == ["timeout", "--kill-after=30", str(seconds), "/bin/bash"]


def test_scripts_are_told_what_the_values_say() -> None:
    manifests = render(EVERYTHING_ON)
    told = {name: environment(pod(manifests, name)["containers"][0]) for name in (NAME, DRILL)}
    assert [told[NAME][key] for key in ("CLASS", "KEEP", "SUPERUSER", "CLAIM")] == [
        "incremental", "5", "billdb_hook", "postgresql-bill-inquiry-pvc"]  # fmt: skip
    assert [told[DRILL][key] for key in ("COPY", "COPY_CLASS", "COPY_SIZE")] == [COPY, "fast-copies", "3Gi"]
    brought = pod(render(ON | {"persistence": {"existingClaim": "my-claim"}}), NAME)
    assert environment(brought["containers"][0])["CLAIM"] == "my-claim"
    assert {variables["PGUSER"] for variables in told.values()} == {"bill_backup_user"}
    assert {variables["APP"] for variables in told.values()} == {NAME}
    selector = "app.kubernetes.io/name=billdb,app.kubernetes.io/instance=billdb,app.kubernetes.io/component=snapshot"
    assert {variables["SELECTOR"] for variables in told.values()} == {selector}


def test_only_the_container_that_asks_the_api_has_a_token() -> None:
    manifests = render(ON)
    holders = {
        f"{name}/{container['name']}"
        for name, template in manifests.pods().items()
        for container in (*template["spec"].get("initContainers", ()), *template["spec"]["containers"])
        for mount in container["volumeMounts"]
        for volume in template["spec"]["volumes"]
        if volume["name"] == mount["name"]
        if any("serviceAccountToken" in source for source in volume.get("projected", {}).get("sources") or ())
    }
    assert holders == {f"CronJob/{NAME}/snapshot", f"CronJob/{DRILL}/snapshot"}
    assert {name: pod(manifests, name)["serviceAccountName"] for name in (NAME, DRILL)} == {NAME: NAME, DRILL: DRILL}


def test_only_the_snapshot_has_the_superusers_certificate_and_each_the_password_of_backups() -> None:
    manifests = render(ON)
    volumes = {name: {volume["name"]: volume for volume in pod(manifests, name)["volumes"]} for name in (NAME, DRILL)}
    assert {name: "tls-hook" in found for name, found in volumes.items()} == {NAME: True, DRILL: False}
    item = {"key": "bill-backup-user-password", "path": "bill_backup_user"}
    secret = [{"secret": {"name": "postgresql-bill-inquiry-secret", "items": [item]}}]
    assert {name: found["credentials"]["projected"]["sources"] for name, found in volumes.items()} == {
        NAME: secret,
        DRILL: secret,
    }
    by_password = pod(render(ON | {"schema": {"login": "password"}}), NAME)
    [credentials] = [volume for volume in by_password["volumes"] if volume["name"] == "credentials"]
    keys = [source["secret"]["items"][0]["path"] for source in credentials["projected"]["sources"]]
    assert keys == ["bill_backup_user", "postgres"]
    assert environment(by_password["containers"][0])["SUPERUSER"] == "postgres"


def test_each_role_is_what_its_job_needs() -> None:
    rules = {name: plain(render(ON)["Role", name]["rules"]) for name in (NAME, DRILL)}
    assert rules[NAME] == [{"apiGroups": [API], "resources": ["volumesnapshots"], "verbs": ["get", "list", "create", "delete"]}]
    assert rules[DRILL] == [
        {"apiGroups": [API], "resources": ["volumesnapshots"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["create"]},
        _rule("", ["persistentvolumeclaims"], "postgresql-bill-inquiry-pvc", "get"),
        _rule("", ["persistentvolumeclaims"], COPY, "get", "delete"),
        _rule("apps", ["statefulsets"], COPY, "get"),
        _rule("apps", ["statefulsets/scale"], COPY, "patch"),
        _rule("", ["pods", "pods/log"], f"{COPY}-0", "get"),
    ]
    for name in (NAME, DRILL):
        binding = plain(render(ON)["RoleBinding", name])
        assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "phonebill-dev"}]


def _rule(group: str, resources: list[str], name: str, *verbs: str) -> Object:
    return {"apiGroups": [group], "resources": resources, "resourceNames": [name], "verbs": list(verbs)}


def test_the_copy_has_no_pod_until_a_drill_and_neither_password_nor_certificate_in_it() -> None:
    spec = plain(render(ON)["StatefulSet", COPY]["spec"])
    assert spec["replicas"] == 0
    volumes = {volume["name"]: volume for volume in spec["template"]["spec"]["volumes"]}
    assert volumes["copy"] == {"name": "copy", "persistentVolumeClaim": {"claimName": COPY}}
    assert not {kind for volume in volumes.values() for kind in volume} & {"secret", "projected", "csi"}
    [container] = spec["template"]["spec"]["containers"]
    [mount] = [mount for mount in container["volumeMounts"] if mount["name"] == "copy"]
    assert mount["mountPath"] == environment(container)["VOLUME"] == "/bitnami/postgresql"


def test_policies_open_the_api_to_the_jobs_of_snapshots_and_nothing_to_the_copy() -> None:
    manifests = render(EVERYTHING_ON)
    policy = plain(manifests["NetworkPolicy", "postgresql-bill-inquiry-snapshots"]["spec"])
    of_jobs = plain(manifests["NetworkPolicy", "postgresql-bill-inquiry-jobs"]["spec"])
    *shared, api = policy["egress"]
    assert shared == of_jobs["egress"]
    assert api == {"ports": [{"port": 8443, "protocol": "TCP"}], "to": EVERYTHING_ON["networkPolicy"]["apiServer"]}
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "snapshot"
    anywhere = plain(render(ON)["NetworkPolicy", "postgresql-bill-inquiry-snapshots"]["spec"])["egress"][-1]
    assert anywhere == {"ports": [{"port": port, "protocol": "TCP"} for port in (443, 6443)]}
    copy = plain(manifests["NetworkPolicy", "postgresql-bill-inquiry-snapshot-copy"]["spec"])
    assert copy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "snapshot-copy"
    assert (copy["policyTypes"], copy.keys()) == (["Ingress", "Egress"], {"podSelector", "policyTypes"})


def test_kubectl_is_copied_from_its_image_and_every_other_container_runs_postgresqls() -> None:
    manifests = render(EVERYTHING_ON)
    digest = EVERYTHING_ON["snapshots"]["kubectl"]["image"]["digest"]
    for name in (NAME, DRILL):
        [init] = pod(manifests, name)["initContainers"]
        assert init["image"] == f"registry.example.com/mirror/kubectl:1.36.4@{digest}"
        assert init["command"][:2] == ["sh", "-c"]
        [container] = pod(manifests, name)["containers"]
        assert container["image"].startswith("registry.example.com/mirror/postgres:")


def test_a_long_name_fits_into_a_cronjobs() -> None:
    names = [name for kind, name in render(ON | {"fullnameOverride": "a" * 40}) if kind == "CronJob" and "snapshot" in name]
    assert [len(name) <= 52 for name in names] == [True, True]
