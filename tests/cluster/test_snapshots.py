"""Snapshots of the volume: made beside a service that writes, kept by number, and a server that starts on one."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from harness import commands, paths
from harness.kubernetes import POD, Cluster
from harness.local import node
from harness.on_cluster import csi
from harness.on_cluster.backups import run_now
from harness.on_cluster.release import SMALL, Release, merged
from harness.on_cluster.servers import kill_containers
from harness.waiting import wait_for
from tests.cluster.test_isolation import API, DNS, SERVER, confined, knock

pytestmark = pytest.mark.local_node  # a CSI driver for tests runs in it

CRONJOB = "bill-inquiry-snapshot"
VALUES = {
    "persistence": {"storageClass": csi.CLASS, "size": "1Gi"},
    "snapshots": {"class": csi.CLASS, "keep": 2},
    "backup": {"enabled": False},
}
VERSION = yaml.safe_load((paths.CHART / "Chart.yaml").read_text())["version"]
DOCUMENT = (paths.ROOT / "docs" / "snapshots.md").read_text()
# Prints what the server has acknowledged, a line each; with a rest, or it would take a whole processor.
WRITE = """
psql -qAtXc 'CREATE TABLE acknowledged (id bigint PRIMARY KEY)'
while :; do i=$((i + 1)); echo "INSERT INTO acknowledged VALUES ($i) RETURNING id;"; sleep 0.02; done | psql -qAtX
"""
CHART_LABELS = {"app.kubernetes.io/instance": "billdb", "app.kubernetes.io/name": "billdb"}


@pytest.fixture(scope="module")
def snapshots(csi_driver: None, release: Release) -> Iterator[Release]:
    """A release whose volume can be snapshotted."""
    release.install(VALUES)
    yield release
    # One that never is usable holds on to its claim.
    release.cluster.kubectl("delete", "volumesnapshots", "--all")


def of_the_release(cluster: Cluster) -> list[dict[str, Any]]:
    """The release's snapshots, the oldest first."""
    found: list[dict[str, Any]] = cluster.get(
        "volumesnapshots", f"--selector=app={CRONJOB}", "--sort-by=.metadata.creationTimestamp"
    )["items"]
    return found


def usable(cluster: Cluster) -> dict[str, bool]:
    """The release's snapshots, the oldest first, and whether each can be used."""
    return {one["metadata"]["name"]: one.get("status", {}).get("readyToUse", False) for one in of_the_release(cluster)}


def result(release: Release, kind: str) -> list[str]:
    """What the last run of this kind left: whether it succeeded, the snapshot and the message."""
    columns = "succeeded, coalesce(backup, ''), message"
    query = f"SELECT {columns} FROM audit.backup_run WHERE kind = '{kind}' ORDER BY id DESC LIMIT 1"
    return release.cluster.sql(query).split("|")


def documented(cluster: Cluster, beginning: str, values: Mapping[str, Any] = SMALL) -> str:
    """Run the document's block of commands that begins so, in this namespace, with these values where it installs."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    [block] = [text for text in blocks if text.startswith(beginning)]
    install = f"{paths.CHART} --values=<(echo '{json.dumps(values)}')"
    script = block.replace("phonebill-dev", cluster.namespace).replace("./chart", install)
    return commands.run(["bash", "-euo", "pipefail", "-c", script], timeout=300, environment=cluster.environment)


def started(cluster: Cluster, job: str) -> str:
    """Wait until the script of a Job's first pod runs; returns the pod's uid."""
    pod = ("wait", "pod", f"--selector=job-name={job}", "--timeout=240s")
    cluster.kubectl(*pod, "--for=create")
    cluster.kubectl(*pod, "--for=jsonpath={.status.containerStatuses[0].state.running}")
    [found] = cluster.get("pods", f"--selector=job-name={job}")["items"]
    return str(found["metadata"]["uid"])


def test_a_snapshot_says_what_it_is_of(snapshots: Release) -> None:
    log = documented(snapshots.cluster, "kubectl create job")
    [name] = usable(snapshots.cluster)
    found = snapshots.cluster.get(f"volumesnapshot/{name}")
    assert name in log
    assert found["spec"] == {
        "volumeSnapshotClassName": csi.CLASS,
        "source": {"persistentVolumeClaimName": "postgresql-bill-inquiry-pvc"},
    }
    assert found["metadata"]["labels"] == CHART_LABELS | {
        "app": CRONJOB,
        "tier": "database",
        "app.kubernetes.io/component": "snapshot",
        "app.kubernetes.io/managed-by": CRONJOB,
        "helm.sh/chart": f"billdb-{VERSION}",
        "billdb/database": "bill_inquiry_db",
        "billdb/server-major": "14",
    }
    succeeded, backup, message = result(snapshots, "snapshot")
    assert (succeeded, backup) == ("t", name)
    assert message.startswith("usable after ")


def test_a_server_on_a_snapshot_has_every_row_that_was_acknowledged_before(snapshots: Release) -> None:
    snapshots.client("writer", WRITE)
    snapshots.cluster.kubectl("wait", "pod/writer", "--for=condition=Ready", "--timeout=240s")

    def written(after: int) -> int:
        """The last row that was acknowledged, once it is after this one."""

        def more() -> int:
            return max(0, int(snapshots.cluster.kubectl("logs", "writer", "--tail=1") or 0) - after)

        return after + wait_for(more, f"row {after}")

    acknowledged = written(100)
    run_now(snapshots, CRONJOB, "beside-writers")
    later = written(acknowledged + 100)
    documented(snapshots.cluster, "SNAPSHOT=")
    count = documented(snapshots.cluster, "helm install look")
    assert "(1 row)" in count
    look = "SELECT min(id), max(id), count(*) FROM acknowledged"
    first, last, number = map(int, snapshots.cluster.sql(look, pod="bill-inquiry-look-0").split("|"))
    assert (first, number) == (1, last), "no row is missing between"
    assert acknowledged <= last < later
    snapshots.cluster.kubectl("delete", "pod/writer", "--grace-period=0", "--force")
    snapshots.cluster.helm("uninstall", "look", "--wait")


def test_a_release_in_the_old_ones_place_goes_on_from_the_snapshot(snapshots: Release) -> None:
    passwords = snapshots.passwords()
    snapshots.cluster.sql("CREATE TABLE too_late (id int)")
    documented(snapshots.cluster, "helm uninstall billdb", merged(SMALL, {key: VALUES[key] for key in ("snapshots", "backup")}))
    assert snapshots.cluster.sql("SELECT to_regclass('too_late') IS NULL, to_regclass('acknowledged') IS NOT NULL") == "t|t"
    assert snapshots.passwords() == passwords
    run_now(snapshots, CRONJOB, "of-the-new-volume")
    newest = of_the_release(snapshots.cluster)[-1]
    assert newest["spec"]["source"] == {"persistentVolumeClaimName": "bill-inquiry-from-snapshot"}


def test_the_newest_usable_ones_are_kept_and_others_are_left_alone(snapshots: Release) -> None:
    copied = snapshots.cluster.get(f"volumesnapshot/{next(iter(usable(snapshots.cluster)))}")
    somebodys = copied | {"metadata": {"name": "somebodys", "labels": {"app.kubernetes.io/component": "snapshot"}}}
    snapshots.cluster.kubectl("create", "--filename=-", stdin=json.dumps(somebodys))
    run_now(snapshots, CRONJOB, "one-more")
    before = list(usable(snapshots.cluster))
    log = run_now(snapshots, CRONJOB, "and-another")
    after = list(usable(snapshots.cluster))
    assert (after[0], len(after)) == (before[1], 2)
    assert f"removing the snapshot {before[0]}, as 2 newer ones are usable" in log
    assert snapshots.cluster.get("volumesnapshot/somebodys")


def test_a_snapshot_that_never_is_usable_fails_the_run_and_pushes_out_no_good_one(snapshots: Release) -> None:
    before = list(usable(snapshots.cluster))
    failing = {"snapshots": {"class": csi.FAILING, "deadlineSeconds": 120, "keep": 1}}
    claim = of_the_release(snapshots.cluster)[-1]["spec"]["source"]["persistentVolumeClaimName"]
    values = merged(VALUES, merged(failing, {"persistence": {"existingClaim": claim if "snapshot" in claim else ""}}))
    snapshots.upgrade(values)
    log = run_now(snapshots, CRONJOB, "failing", "Failed")
    *left, failed = usable(snapshots.cluster).items()
    assert (left, failed[1]) == ([(name, True) for name in before], False)
    assert csi.FULL in log
    succeeded, backup, message = result(snapshots, "snapshot")
    assert (succeeded, backup) == ("f", failed[0])
    assert re.match(rf"the snapshot {failed[0]} is not usable after \d+ s: ", message)
    assert csi.FULL in message
    snapshots.upgrade(merged(values, VALUES))
    assert "which never was usable" not in run_now(snapshots, CRONJOB, "good-again"), "it is shown for a day"
    assert list(usable(snapshots.cluster).values()) == [True, False, True]


def test_whenever_a_run_is_killed_the_next_try_succeeds_and_a_usable_one_is_there(snapshots: Release) -> None:
    seen = []
    moments = (0.1, 0.8, 2.0)  # no more than a CronJob keeps Jobs of
    for number, moment in enumerate(moments):
        snapshots.cluster.kubectl("create", "job", f"--from=cronjob/{CRONJOB}", f"killed-{number}")
        uid = started(snapshots.cluster, f"killed-{number}")
        time.sleep(moment)
        seen.append((kill_containers(uid), any(usable(snapshots.cluster).values())))
        # One after the other: the next try of one would take another's name in the same second.
        snapshots.cluster.kubectl("wait", f"job/killed-{number}", "--for=condition=Complete", "--timeout=200s")
    assert seen == [(True, True)] * len(moments)
    assert list(usable(snapshots.cluster).values()).count(True) == 2


def test_a_job_of_snapshots_reaches_dns_the_server_and_the_api_and_nothing_else(snapshots: Release) -> None:
    labels = CHART_LABELS | {"app.kubernetes.io/component": "snapshot"}
    pod = confined(snapshots, "like-snapshot", labels)
    elsewhere = [f"{snapshots.cluster.get(f'pod/{POD}')['status']['podIP']}/22", f"{node.ADDRESS}/10250"]
    assert knock(snapshots, pod, API, DNS, SERVER, *elsewhere) == {
        API: "open", DNS: "open", SERVER: "open", **dict.fromkeys(elsewhere, "closed")
    }  # fmt: skip


def test_a_copy_reaches_nothing(snapshots: Release) -> None:
    labels = CHART_LABELS | {"app.kubernetes.io/component": "snapshot-copy"}
    pod = confined(snapshots, "like-copy", labels)
    server = f"{snapshots.cluster.get(f'pod/{POD}')['status']['podIP']}/5432"
    assert knock(snapshots, pod, "10.96.0.1/443", DNS, server) == {"10.96.0.1/443": "closed", DNS: "closed", server: "closed"}
