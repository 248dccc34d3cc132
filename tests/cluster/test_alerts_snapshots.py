"""The alert of snapshots that do not come to be."""

from collections.abc import Iterator

import pytest

from harness.on_cluster import csi
from harness.on_cluster.backups import run_now
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from tests.cluster.alerting import tuned, understood, untold
from tests.cluster.test_runbooks import diagnose
from tests.cluster.test_snapshots import CRONJOB, VALUES

pytestmark = pytest.mark.local_node  # a CSI driver for tests runs in it

FIRES = {"BilldbSnapshotOverdue": "test_a_snapshot_that_failed_is_told_of_until_one_is_good"}
ALL = merged(merged(WATCHED, merged(VALUES, {"retention": {"enabled": False}})), tuned({"BilldbSnapshotOverdue": {}}))


@pytest.fixture(scope="module")
def snapshots(exporter_image: None, monitoring: Monitoring, csi_driver: None, release: Release) -> Iterator[Release]:
    """A watched release whose volume's driver cannot make snapshots of its class."""
    release.install(merged(ALL, {"snapshots": {"class": csi.FAILING, "deadlineSeconds": 120}}))
    monitoring.wait_watched(release)
    yield release
    # One that never is usable holds on to its claim.
    release.cluster.kubectl("delete", "volumesnapshots", "--all")


def test_a_snapshot_that_failed_is_told_of_until_one_is_good(snapshots: Release, monitoring: Monitoring) -> None:
    untold(snapshots, monitoring, "BilldbSnapshotOverdue")
    run_now(snapshots, CRONJOB, "failing", "Failed")
    understood(monitoring.wait_firing(snapshots, "BilldbSnapshotOverdue"), "No good snapshot", "the last one failed")
    assert csi.FULL in diagnose("BilldbSnapshotOverdue", snapshots.cluster)
    snapshots.upgrade(ALL)
    run_now(snapshots, CRONJOB, "good")
    monitoring.wait_cleared(snapshots, "BilldbSnapshotOverdue")
