"""What restores backups, and drills them."""

from harness.chart import Manifests, render
from tests.render.reading import container, environment, of_component, plain

RESTORE, DRILL, AT_INSTALL = "bill-inquiry-restore", "bill-inquiry-drill", "bill-inquiry-db-restore"


def test_restore_by_hand_is_a_template_that_never_runs_by_itself(default: Manifests) -> None:
    spec = default["CronJob", RESTORE]["spec"]
    assert (spec["suspend"], spec["schedule"]) == (True, "0 0 31 2 *")
    [found] = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert found["command"][-1] == "/scripts/restore.sh"
    told = {name: environment(found)[name] for name in ("FROM", "THEN", "REPLACE", "INSTALL", "UPGRADE", "PGUSER")}
    assert told == {
        "FROM": "latest",
        "THEN": "keep",
        "REPLACE": "false",
        "INSTALL": "false",
        "UPGRADE": "false",
        "PGUSER": "billdb_hook",
    }
    assert of_component(default, "Job", "restore") == []


def test_restore_at_installation_is_over_before_the_schema_job_begins() -> None:
    manifests = render({"restore": {"from": "2026-11-30", "replace": True}})
    [job] = of_component(manifests, "Job", "restore")
    annotations = job["metadata"]["annotations"]
    schema = manifests["Job", "bill-inquiry-db-init"]["metadata"]["annotations"]
    assert job["metadata"]["name"] == AT_INSTALL
    assert annotations["helm.sh/hook"] == "post-install,post-upgrade"
    assert int(annotations["helm.sh/hook-weight"]) < int(schema.get("helm.sh/hook-weight", 0))
    assert job["spec"]["backoffLimit"] == 2
    [found] = job["spec"]["template"]["spec"]["containers"]
    told = {name: environment(found)[name] for name in ("FROM", "THEN", "REPLACE", "INSTALL", "UPGRADE")}
    assert told == {"FROM": "2026-11-30", "THEN": "swap", "REPLACE": "true", "INSTALL": "true", "UPGRADE": "false"}


def test_drill_has_a_disk_of_its_own_and_no_right_on_the_server_but_the_backups(default: Manifests) -> None:
    spec = default["CronJob", DRILL]["spec"]
    assert spec["schedule"] == "0 4 * * 0"
    volumes = {volume["name"]: plain(volume) for volume in spec["jobTemplate"]["spec"]["template"]["spec"]["volumes"]}
    assert volumes["scratch"] == {"name": "scratch", "emptyDir": {"sizeLimit": "20Gi"}}
    found = container(default, "drill")
    assert {"name": "scratch", "mountPath": "/scratch"} in plain(found["volumeMounts"])
    told = environment(found)
    assert (told["SCRATCH_BYTES"], told["SHARED_BUFFERS"], told["CLUSTER_LOCALE"]) == (str(20 << 30), "64MB", "C.UTF-8")
    assert told["PGUSER"] == "bill_backup_user"


def test_without_backups_there_is_nothing_to_restore_and_without_a_drill_none() -> None:
    assert [name for _, name in render({"backup": {"enabled": False}}) if name in (RESTORE, DRILL)] == []
    assert [name for _, name in render({"backup": {"drill": {"enabled": False}}}) if name in (RESTORE, DRILL)] == [RESTORE]
