"""The archive's store away, and disks that are full under writers: whoever watches is told, and no commit is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.on_cluster import cloudnativepg as operator
from harness.on_cluster import documents, limited, s3, storage_faults
from harness.on_cluster.fault_run import FaultRun
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from harness.on_cluster.s3 import S3
from harness.waiting import wait_for
from tests.cluster.alerting import tuned, understood, untold
from tests.cluster.test_alerts_cloudnativepg import VALUES as ASKED
from tests.cluster.test_runbooks import diagnose

pytestmark = pytest.mark.local_node

FIRES = {"BilldbBaseBackupOverdue": "test_a_store_that_is_away_is_told_of_until_it_is_back"}
SIZE = 700  # megabytes of each disk
# A server that keeps few segments to use again soon wants room for one more, and what is held back for a replica fills no disk.
WAL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_keep_size": "0", "max_slot_wal_keep_size": "256MB"}
BACKUPS = "backups.postgresql.cnpg.io"
FAILING = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Backup",
    "metadata": {"name": "while-it-is-away"},
    "spec": {"cluster": {"name": NAME}, "method": "plugin", "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"}},
}


@pytest.fixture(scope="module")
def store(barman: None, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3.running(release.cluster, tmp_path_factory.mktemp("s3")) as store:
        yield store


@pytest.fixture(scope="module")
def watched(store: S3, exporter_image: None, monitoring: Monitoring, release: Release) -> Iterator[Instances]:
    """Three servers under watch, on disks that can be filled, with their archive in the store."""
    # A checkpoint by itself may take minutes, for which a base backup waits.
    at_once = {"configuration": {"data": {"immediateCheckpoint": True}}}
    archive = store.archive | {"spec": at_once}
    asked: dict[str, Any] = {
        "metrics": ASKED["metrics"],
        "cloudnativepg": {"archive": archive, "spec": {"monitoring": ASKED["cloudnativepg"]["spec"]["monitoring"]}},
        "postgresql": {"parameters": WAL},
    }
    alerts = tuned({"BilldbArchiveFailing": {}, "BilldbBaseBackupOverdue": {}})
    with limited.volumes(release.cluster, SIZE, 3) as storage_class:
        disks = {"persistence": {"storageClass": storage_class, "size": f"{SIZE}Mi"}, "storageClass": {"create": False}}
        try:
            release.install(merged(merged(merged(operator.SMALL, WATCHED), alerts), merged(asked, disks)), timeout="560s")
            found = Instances(release)
            found.wait_healthy()
            monitoring.wait_watched(release)
            yield found
        finally:
            release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")
            release.remove()


def phases(release: Release) -> dict[str, str]:
    """The Backups by name, and what became of each."""
    return {b["metadata"]["name"]: str(b.get("status", {}).get("phase")) for b in release.cluster.get(BACKUPS)["items"]}


def test_a_store_that_is_away_is_told_of_until_it_is_back(
    watched: Instances, monitoring: Monitoring, store: S3, tmp_path: Path
) -> None:
    release, primary = watched.release, watched.primary()
    wait_for(lambda: "completed" in phases(release).values(), "the first base backup", 600, watched.told, every=1)
    untold(release, monitoring, "BilldbBaseBackupOverdue")
    store.stop()
    try:
        watched.sql("SELECT pg_switch_wal()")
        release.cluster.kubectl("create", "--filename=-", stdin=yaml.safe_dump(FAILING))
        wait_for(lambda: phases(release)["while-it-is-away"] == "failed", "a failed base backup", 600, watched.told, every=1)
        understood(monitoring.wait_firing(release, "BilldbArchiveFailing", {"pod": primary}), primary, "does not archive")
        understood(monitoring.wait_firing(release, "BilldbBaseBackupOverdue"), "No good base backup", "the last one failed")
        assert "while-it-is-away failed: " in diagnose("BilldbBaseBackupOverdue", release.cluster)
    finally:
        store.start()
    monitoring.wait_cleared(release, "BilldbArchiveFailing", {"pod": primary})
    [again] = [block for block in documents.blocks("point-in-time-recovery.md") if "kind: Backup" in block]
    documents.run(again, release.cluster, tmp_path)
    monitoring.wait_cleared(release, "BilldbBaseBackupOverdue")


def test_no_acknowledged_commit_is_lost_when_the_store_or_a_disk_fails_under_writers(watched: Instances, store: S3) -> None:
    faults = storage_faults.of(store)
    assert FaultRun(watched, seed=1, faults=faults).wrong_after(list(faults)) == []
