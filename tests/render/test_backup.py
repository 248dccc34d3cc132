"""What makes, checks and tells of the backups."""

from typing import Any, cast

import pytest

from harness import paths
from harness.chart import Manifests, Object, render
from tests.render.conftest import EVERYTHING_ON, VARIANTS
from tests.render.reading import SERVER, containers, environment, of_component, plain

BACKUP, CHECK, BEFORE = (f"bill-inquiry-backup{end}" for end in ("", "-check", "-before-upgrade"))
RUNS = {  # CronJob: its schedule, script and arguments
    BACKUP: ("0 2 * * *", "backup.sh", ["--keep-daily=7", "--keep-last=5", "--keep-monthly=6", "--keep-weekly=4"]),
    CHECK: ("0 5 * * 0", "check.sh", ["--read-data-subset=10%"]),
}
STORES: dict[str, dict[str, Any]] = {
    "volume": {},
    "s3": {"type": "s3", "s3": {"endpoint": "https://store.example.com", "bucket": "backups"}, "existingSecret": "keys"},
    "azure": {"type": "azure", "azure": {"account": "billing", "container": "backups"}, "existingSecret": "keys"},
}


def to(store: str, **values: Any) -> Manifests:
    """The chart with its backups in a store."""
    return render({"backup": {"repository": STORES[store] | values}})


def request(size: str) -> dict[str, Any]:
    return {"requests": {"storage": size}}


def pod(manifests: Manifests, name: str = BACKUP) -> Any:
    """The pod of a CronJob of the backups."""
    return plain(manifests["CronJob", name]["spec"]["jobTemplate"]["spec"]["template"]["spec"])


def container(manifests: Manifests, name: str = BACKUP) -> Object:
    """Its one container."""
    [found] = pod(manifests, name)["containers"]
    return cast(Object, found)


@pytest.mark.parametrize("name", RUNS)
def test_cronjob_runs_its_script_as_the_backups_role_within_bounds(default: Manifests, name: str) -> None:
    schedule, script, arguments = RUNS[name]
    spec = plain(default["CronJob", name]["spec"])
    job = spec.pop("jobTemplate")["spec"]
    assert spec == {
        "schedule": schedule,
        "timeZone": "Asia/Seoul",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    }
    del job["template"]
    drained = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ended = {"action": "FailJob", "onExitCodes": {"containerName": "backup", "operator": "In", "values": [3, 124]}}
    assert job == {
        "backoffLimit": 2,
        "activeDeadlineSeconds": (7200 + 120) * 3,
        "ttlSecondsAfterFinished": 604800,
        "podFailurePolicy": {"rules": [drained, ended]},
    }
    found = container(default, name)
    assert found["command"] == ["timeout", "--kill-after=30", "7200", "/bin/bash", f"/scripts/{script}"]
    assert (found["name"], found["args"], found["terminationMessagePolicy"]) == ("backup", arguments, "FallbackToLogsOnError")
    assert pod(default, name)["restartPolicy"] == "Never"


@pytest.mark.parametrize("name", RUNS)
def test_pod_of_a_backup_has_the_settings_of_its_release_and_repository(default: Manifests, name: str) -> None:
    assert environment(container(default, name)) == {
        "PGHOST": f"{SERVER}.phonebill-dev.svc.cluster.local",
        "PGPORT": "5432",
        "PGUSER": "bill_backup_user",
        "PGDATABASE": "bill_inquiry_db",
        "PGCONNECT_TIMEOUT": "10",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/tls/ca.crt",
        "PGAPPNAME": "billdb/backup",
        "CREDENTIALS": "/credentials",
        "RELEASE": "billdb",
        "CHART_VERSION": default["CronJob", name]["metadata"]["labels"]["helm.sh/chart"].removeprefix("billdb-"),
        "DEADLINE_SECONDS": "7200",
        "WAIT_SECONDS": "240",
        "RESTIC": "/restic/restic",
        "RESTIC_REPOSITORY": "/repository/data",
        "RESTIC_PASSWORD_FILE": "/repository-password/password",
        "STORE": "/store",
        "TZ": "Asia/Seoul",
        "GOGC": "20",
    } | ({"RESTIC_COMMAND": ""} if name == CHECK else {})


def test_values_reach_what_is_run() -> None:
    manifests = render(EVERYTHING_ON)
    assert (container(manifests)["args"], container(manifests, CHECK)["args"]) == (
        ["--keep-daily=3", "--keep-last=2", "--keep-monthly=0", "--keep-weekly=2"], ["--read-data-subset=1/7"],
    )  # fmt: skip
    specs = [manifests["CronJob", name]["spec"] for name in RUNS]
    assert [(spec["schedule"], spec["timeZone"]) for spec in specs] == [("@daily", "UTC"), ("@monthly", "UTC")]
    assert [spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] for spec in specs] == [(900 + 120) * 3] * 2
    for name in RUNS:
        labels = manifests["CronJob", name]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
        assert labels["azure.workload.identity/use"] == "true"
        assert environment(container(manifests, name))["TZ"] == "UTC", "the days of the retention are those of the schedule"


def test_restic_is_copied_out_of_its_image_by_a_container_that_has_nothing_else(default: Manifests) -> None:
    for name in RUNS:
        [copying] = pod(default, name)["initContainers"]
        assert (copying["image"], copying["command"]) == (
            "docker.io/restic/restic:0.19.1",
            ["cp", "/usr/bin/restic", "/restic/restic"],
        )
        assert copying["volumeMounts"] == [{"name": "restic", "mountPath": "/restic"}]
        assert "env" not in copying
        assert {"name": "restic", "mountPath": "/restic", "readOnly": True} in container(default, name)["volumeMounts"]


def test_the_scripts_are_the_files_of_the_chart(default: Manifests) -> None:
    files = [file for place in (".", "backup") for file in (paths.CHART / "hooks" / place).iterdir() if file.is_file()]
    assert dict(default["ConfigMap", f"{BACKUP}-script"]["data"]) == {file.name: file.read_text() for file in files}


@pytest.mark.parametrize(("store", "values", "address"), [
    ("volume", {}, "/repository/data"),
    ("s3", {}, "s3:https://store.example.com/backups/billdb"),
    ("s3", {"path": ""}, "s3:https://store.example.com/backups"),
    ("azure", {}, "azure:backups:/billdb"),
    ("azure", {"path": "a/b"}, "azure:backups:/a/b"),
])  # fmt: skip
def test_each_type_of_repository_is_addressed_as_restic_has_it(store: str, values: dict[str, str], address: str) -> None:
    assert environment(container(to(store, **values)))["RESTIC_REPOSITORY"] == address


@pytest.mark.parametrize(("store", "own"), [
    ("volume", {}),
    ("s3", {"AWS_DEFAULT_REGION": "kr-central-1"}),
    ("azure", {"AZURE_ACCOUNT_NAME": "billing", "AZURE_ENDPOINT_SUFFIX": "core.windows.net"}),
])  # fmt: skip
def test_a_pod_knows_of_its_own_store_alone_and_has_its_keys_in_files(store: str, own: dict[str, str]) -> None:
    manifests = to(store, **({"s3": STORES["s3"]["s3"] | {"region": "kr-central-1"}} if store == "s3" else {}))
    found = environment(container(manifests))
    assert {name: value for name, value in found.items() if name.startswith(("AWS", "AZURE"))} == own
    mounts = {mount["name"]: mount for mount in container(manifests)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(manifests)["volumes"]}
    assert ("repository" in mounts, "store" in mounts) == (store == "volume", store != "volume")
    if store == "volume":
        assert volumes["repository"] == {"name": "repository", "persistentVolumeClaim": {"claimName": f"{SERVER}-backup-pvc"}}
        assert mounts["repository"] == {"name": "repository", "mountPath": "/repository"}
    else:
        assert volumes["store"] == {"name": "store", "secret": {"secretName": "keys", "defaultMode": 0o440}}
        assert mounts["store"] == {"name": "store", "mountPath": "/store", "readOnly": True}
    assert ("PersistentVolumeClaim", f"{SERVER}-backup-pvc") in manifests or store != "volume"


def test_no_claim_is_made_for_a_store_elsewhere() -> None:
    claims = {
        store: [o["metadata"]["name"] for o in of_component(to(store), "PersistentVolumeClaim", "backup")] for store in STORES
    }
    assert claims == {"volume": [f"{SERVER}-backup-pvc"], "s3": [], "azure": []}


@pytest.mark.parametrize(("values", "spec"), [
    ({}, {"accessModes": ["ReadWriteOnce"], "storageClassName": "managed-standard", "resources": request("20Gi")}),
    ({"persistence": {"storageClass": ""}}, {"accessModes": ["ReadWriteOnce"], "resources": request("20Gi")}),
    (VARIANTS["backups on a class of their own"],
     {"accessModes": ["ReadWriteMany"], "storageClassName": "cheap", "resources": request("100Gi")}),
], ids=["default", "the cluster's class", "its own"])  # fmt: skip
def test_the_claim_of_the_backups_is_as_the_values_say(values: dict[str, Any], spec: dict[str, Any]) -> None:
    assert plain(render(values)["PersistentVolumeClaim", f"{SERVER}-backup-pvc"]["spec"]) == spec


def test_the_claim_is_a_hook_that_nothing_deletes_for_helm_would_wait_for_a_volume_that_nobody_uses_yet(
    default: Manifests,
) -> None:
    assert default["PersistentVolumeClaim", f"{SERVER}-backup-pvc"]["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-delete-policy": "hook-failed",
    }


@pytest.mark.parametrize(("store", "values", "port"), [
    ("s3", {}, 443),
    ("s3", {"s3": {"endpoint": "http://store", "bucket": "backups"}}, 80),
    ("s3", {"s3": {"endpoint": "https://store.example.com:9000", "bucket": "backups"}}, 9000),
    ("azure", {}, 443),
])  # fmt: skip
def test_backups_reach_dns_the_server_and_their_stores_port_and_nobody_reaches_them(store: str, values: Any, port: int) -> None:
    policy = plain(to(store, **values)["NetworkPolicy", f"{SERVER}-backup"]["spec"])
    dns = {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]}
    server = {"ports": [{"port": 5432, "protocol": "TCP"}], "to": [{"podSelector": {"matchLabels": {"app": SERVER}}}]}
    ours = {"app.kubernetes.io/instance": "billdb", "app.kubernetes.io/name": "billdb"}
    components = {"key": "app.kubernetes.io/component", "operator": "In", "values": ["backup", "restore", "drill"]}
    assert policy == {
        "podSelector": {"matchLabels": ours, "matchExpressions": [components]},
        "policyTypes": ["Ingress", "Egress"],
        "egress": [dns, server, {"ports": [{"port": port, "protocol": "TCP"}]}],
    }


def test_a_repository_on_a_volume_opens_no_way_out_and_a_named_store_no_other_address(default: Manifests) -> None:
    assert len(default["NetworkPolicy", f"{SERVER}-backup"]["spec"]["egress"]) == 2
    egress = plain(render(EVERYTHING_ON)["NetworkPolicy", f"{SERVER}-backup"]["spec"]["egress"])
    assert egress[-1] == {"ports": [{"port": 9000, "protocol": "TCP"}], "to": EVERYTHING_ON["backup"]["repository"]["to"]}


def test_nothing_of_backups_is_rendered_where_they_are_off() -> None:
    manifests = render(EVERYTHING_ON | {"backup": EVERYTHING_ON["backup"] | {"enabled": False}, "restore": {}})
    assert [key for key in manifests if "backup" in key[1]] == []
    assert len(manifests) > 15


def test_a_backup_before_an_upgrade_brings_the_scripts_that_the_upgrade_has_not_brought_yet() -> None:
    manifests = render({"backup": {"beforeUpgrade": True}})
    scripts, job = manifests["ConfigMap", BEFORE], manifests["Job", BEFORE]
    assert scripts["data"] == manifests["ConfigMap", f"{BACKUP}-script"]["data"]
    hook = {"helm.sh/hook": "pre-upgrade", "helm.sh/hook-delete-policy": "before-hook-creation"}
    assert scripts["metadata"]["annotations"] == hook | {"helm.sh/hook-weight": "-2"}
    assert job["metadata"]["annotations"] == hook | {"helm.sh/hook-weight": "-1"}
    assert (job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == (0, 7320)
    spec = plain(job["spec"]["template"]["spec"])
    [config] = [volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume]
    assert config == BEFORE
    assert spec["containers"] == pod(manifests)["containers"], "it does what the CronJob does"
    assert ("Job", BEFORE) not in render()


def test_no_key_or_password_is_in_an_argument_or_a_variable() -> None:
    given = {"backup": {"repository": STORES["s3"] | {"password": "unforgettable"}}}
    manifests = render(given)
    assert "unforgettable" not in str({key: o for key, o in manifests.items() if key[0] != "Secret"})
    checked = 0
    for name, found in containers(manifests).items():
        for variable in found.get("env", ()):
            checked += 1
            secret = any(word in variable["name"] for word in ("PASSWORD", "SECRET", "KEY", "SAS", "TOKEN"))
            assert not secret or variable["value"].startswith("/"), f"{name}: {variable['name']} is not the path of a file"
    assert checked > 50


def test_the_repositorys_password_is_generated_or_given_or_brought() -> None:
    name = f"{SERVER}-backup-secret"
    generated, given = render()["Secret", name], render({"backup": {"repository": {"password": "given"}}})["Secret", name]
    assert (len(generated["data"]["password"]), given["data"]["password"]) == (44, "Z2l2ZW4=")
    assert generated["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    manifests = render({"backup": {"repository": {"passwordSecret": "mine", "passwordSecretKey": "words"}}})
    assert ("Secret", name) not in manifests
    [secret] = [volume["secret"] for volume in pod(manifests)["volumes"] if volume["name"] == "repository-password"]
    assert secret == {"secretName": "mine", "defaultMode": 0o440, "items": [{"key": "words", "path": "password"}]}


def test_helm_test_tells_of_the_backups_as_their_role_and_has_no_way_into_the_repository(manifests: Manifests) -> None:
    [(name, found)] = [(name, c) for name, c in containers(manifests).items() if name.endswith("/test-backups")]
    assert found["command"][3:] == ("/bin/bash", "/scripts/verify-backups.sh")
    assert environment(found)["PGUSER"] == "bill_backup_user"
    spec = manifests.pods()[name.rpartition("/")[0]]["spec"]
    [config] = [volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume]
    assert "verify-backups.sh" in manifests["ConfigMap", config]["data"]
    assert {volume["name"] for volume in spec["volumes"]} <= {"schema-script", "tmp", "credentials", "tls"}


def test_helm_test_says_when_the_first_backup_comes_and_how_to_make_one_now(default: Manifests) -> None:
    [container] = default["Pod", f"{BACKUP}-test"]["spec"]["containers"]
    now = f"kubectl create job -n phonebill-dev --from=cronjob/{BACKUP} backup-$(date +%s)"
    assert container["args"] == ("0 2 * * * (Asia/Seoul)", now, "backup,check,drill", "3")


@pytest.mark.parametrize(("values", "kinds"), [
    ({"backup": {"drill": {"enabled": False}}}, "backup,check"),
    ({"backup": {"suspend": True}}, ""),
    ({"snapshots": {"class": "incremental"}}, "backup,check,drill,snapshot,snapshot-drill"),
    ({"snapshots": {"class": "incremental", "drill": {"enabled": False}}}, "backup,check,drill,snapshot"),
    ({"snapshots": {"class": "incremental"}, "backup": {"suspend": True}}, "snapshot,snapshot-drill"),
], ids=str)  # fmt: skip
def test_helm_test_fails_for_runs_that_come_by_schedule_alone(values: dict[str, Any], kinds: str) -> None:
    [container] = render(values)["Pod", f"{BACKUP}-test"]["spec"]["containers"]
    assert container["args"][2] == kinds
