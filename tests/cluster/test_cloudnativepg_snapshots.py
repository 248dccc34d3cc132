"""Base backups as snapshots of a replica's volume, and a new release that begins with one, as docs/snapshots.md has it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.on_cluster import csi, documents, s3
from harness.on_cluster.archived import ROW, ROWS, SWITCH, moment, wait_archived
from harness.on_cluster.backups import run_now
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged

pytestmark = pytest.mark.local_node  # a CSI driver for tests runs in it
CRONJOB = "bill-inquiry-snapshot"
LOOK = "bill-inquiry-look"
PLACE: dict[str, Any] = {
    "persistence": {"storageClass": csi.CLASS},
    "storageClass": {"create": False},
    "snapshots": {"class": csi.CLASS, "keep": 1},
}
VALUES = merged(merged(SMALL, PLACE), {"cloudnativepg": {"instances": 2}})


@pytest.fixture(scope="module")
def pair(csi_driver: None, cloudnativepg: None, release: Release) -> Iterator[Instances]:
    """A primary and a replica, on volumes that can be snapshotted."""
    release.install(VALUES)
    instances = Instances(release)
    instances.wait_healthy()
    yield instances
    release.cluster.kubectl("delete", "cluster", "--all")
    release.cluster.kubectl("delete", "backups.postgresql.cnpg.io,volumesnapshots", "--all")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a person types, beside the release's values."""
    folder = tmp_path_factory.mktemp("person")
    (folder / "values.yaml").write_text(yaml.safe_dump(VALUES))
    return folder


def snapshots(release: Release) -> list[str]:
    """The names of those that can be used, which lie on volumes of the cluster's."""
    found = release.cluster.get("volumesnapshots", f"--selector=app={CRONJOB}")["items"]
    return [one["metadata"]["name"] for one in found if one["status"]["readyToUse"]]


def last(instances: Instances) -> list[str]:
    """What the newest run left in audit.backup_run."""
    query = "SELECT kind, succeeded, backup, message FROM audit.backup_run ORDER BY id DESC LIMIT 1"
    return instances.sql(query).split("|")


def rows_of_look(release: Release) -> str:
    """The rows by which a recovery is told, as the release beside it has them."""
    psql = ["exec", f"service/{LOOK}", "--container=postgres", "--", "psql", "-At", "--dbname=bill_inquiry_db"]
    return release.cluster.kubectl(*psql, f"--command={ROWS}").strip()


def test_a_run_has_a_snapshot_made_of_the_replicas_volume(pair: Instances) -> None:
    pair.sql(ROW.format(1))
    [replica] = pair.replicas()
    log = run_now(pair.release, CRONJOB, "first")
    [name] = snapshots(pair.release)
    kind, succeeded, backup, message = last(pair)
    assert (kind, succeeded, backup, message.startswith("completed after ")) == ("snapshot", "t", name, True)
    assert f"backup.postgresql.cnpg.io/{name} created" in log
    source = pair.release.cluster.get(f"volumesnapshot/{name}")["spec"]["source"]
    assert source == {"persistentVolumeClaimName": replica}


def test_a_release_beside_it_begins_with_the_snapshot(pair: Instances, folder: Path) -> None:
    release = pair.release
    pair.sql(ROW.format(2))
    *_, look, end = documents.blocks("snapshots.md")
    assert "(1 row)" in documents.run(look, release.cluster, folder)
    assert rows_of_look(release) == "row.1"
    done, log = release.ask("service", "psql -Atc 'SELECT 1'", {"PGHOST": LOOK, "PGSSLMODE": "require", "PGSSLROOTCERT": ""})
    assert not done, f"the new release has passwords of its own: {log}"
    documents.run(end, release.cluster, folder)


def test_the_newest_ones_are_kept_and_a_failed_run_removes_none(pair: Instances) -> None:
    release = pair.release
    [first] = snapshots(release)
    log = run_now(release, CRONJOB, "second")
    assert f"removing the base backup {first} with its snapshot, as 1 newer ones are completed" in log
    release.cluster.kubectl("wait", f"volumesnapshot/{first}", "--for=delete", "--timeout=240s")
    [second] = snapshots(release)
    failing = {"snapshots": {"class": csi.FAILING, "deadlineSeconds": 120}}
    release.upgrade(merged(VALUES, failing))
    log = run_now(release, CRONJOB, "failing", "Failed")
    assert csi.FULL in log
    kind, succeeded, _, message = last(pair)
    assert (kind, succeeded, csi.FULL in message) == ("snapshot", "f", True)
    assert snapshots(release) == [second]


def test_a_release_that_begins_with_a_snapshot_goes_on_from_the_archive_to_a_moment(
    barman: None, pair: Instances, tmp_path_factory: pytest.TempPathFactory
) -> None:
    release = pair.release
    [old] = snapshots(release)
    with s3.running(release.cluster, tmp_path_factory.mktemp("s3")) as store:
        before = {pod: pair.uid(pod) for pod in pair.pods()}
        release.upgrade(merged(VALUES, {"cloudnativepg": {"archive": store.archive}}))
        pair.wait_replaced(before)  # the archive's own container is in them now
        pair.wait_healthy()
        wait_archived(pair, pair.sql(SWITCH))
        run_now(release, CRONJOB, "archived")
        release.cluster.kubectl("wait", f"volumesnapshot/{old}", "--for=delete", "--timeout=240s")
        [snapshot] = snapshots(release)
        until = moment(pair, first=3)
        look: dict[str, Any] = {
            "fullnameOverride": LOOK,
            "snapshots": {"class": ""},
            "cloudnativepg": {
                "instances": 1,
                "archive": store.archive,
                "recovery": {"from": NAME, "snapshot": snapshot, "until": until},
            },
        }
        replace(release, name="look").install(merged(VALUES, look), timeout="560s")
        assert rows_of_look(release) == "row.1 row.2 row.3"
        assert release.cluster.get(f"persistentvolumeclaim/{LOOK}-1")["spec"]["dataSource"]["name"] == snapshot
