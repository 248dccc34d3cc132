"""Alerts of the backups, for real: a repository that is damaged, and then cannot be written to."""

from collections.abc import Iterator

import pytest
import yaml

from harness.on_cluster import pods
from harness.on_cluster.backups import BACKUP, backup, run_now
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from tests.cluster.alerting import tuned, understood, untold

pytestmark = pytest.mark.local_node  # a Prometheus runs in it

FIRES = {
    "BilldbCheckOverdue": "test_a_damaged_repository_is_told_of_by_the_check_and_the_drill",
    "BilldbDrillOverdue": "test_a_damaged_repository_is_told_of_by_the_check_and_the_drill",
    "BilldbBackupOverdue": "test_a_backup_that_cannot_write_is_told_of",
}
# Longer than the exporter believes its last answer, so that a good backup is seen before it is overdue again.
MINUTES = 2
VALUES = merged(
    merged(WATCHED, {"retention": {"enabled": False}}),
    tuned({"BilldbCheckOverdue": {}, "BilldbDrillOverdue": {}, "BilldbBackupOverdue": {"threshold": MINUTES / 60}}),
)
# Some bytes in the middle of the largest file of data, one of which might be as it was: the structure stays as it is.
DAMAGE = """
pack=$(find /repository/data/data -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2)
chmod u+w "$pack" && printf DAMAGED | dd of="$pack" bs=1 seek=$(($(stat --format=%s "$pack") / 3)) conv=notrunc status=none
"""
READ_ONLY = "find /repository/data -type d -exec chmod a-w {} +"
ANEW = "chmod -R u+w /repository/data && rm -r /repository/data"


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, release: Release) -> Iterator[Release]:
    """A watched release with a good backup, whose checks read all of the data; `repository` is a pod that has its volume."""
    release.install(merged(VALUES, {"backup": {"check": {"readData": "100%"}}}))
    backup(release, "first")
    manifest = pods.manifest("repository", "exec sleep infinity")
    manifest["spec"]["containers"][0]["volumeMounts"] = [{"name": "repository", "mountPath": "/repository"}]
    claim = {"claimName": "postgresql-bill-inquiry-backup-pvc"}
    manifest["spec"]["volumes"] = [{"name": "repository", "persistentVolumeClaim": claim}]
    release.cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(manifest))
    release.cluster.kubectl("wait", "pod/repository", "--for=condition=Ready", "--timeout=240s")
    monitoring.wait_watched(release)
    yield release
    release.cluster.kubectl("delete", "pod/repository", "--grace-period=0", "--force")


def on_the_volume(release: Release, script: str) -> None:
    release.cluster.kubectl("exec", "repository", "--", "bash", "-euo", "pipefail", "-c", script)


def test_a_damaged_repository_is_told_of_by_the_check_and_the_drill(watched: Release, monitoring: Monitoring) -> None:
    for alert in ("BilldbCheckOverdue", "BilldbDrillOverdue"):
        untold(watched, monitoring, alert)
    on_the_volume(watched, DAMAGE)
    assert "damaged" in run_now(watched, f"{BACKUP}-check", "check-of-damage", "Failed")
    assert "damaged" in run_now(watched, "bill-inquiry-drill", "drill-of-damage", "Failed")
    understood(monitoring.wait_firing(watched, "BilldbCheckOverdue"), "No good check of the backups", "the last one failed")
    understood(monitoring.wait_firing(watched, "BilldbDrillOverdue", {"kind": "drill"}), "No good drill", "the last one failed")
    on_the_volume(watched, ANEW)
    backup(watched, "into-a-new-one")
    run_now(watched, f"{BACKUP}-check", "check-of-the-new-one")
    run_now(watched, "bill-inquiry-drill", "drill-of-the-new-one")
    monitoring.wait_cleared(watched, "BilldbCheckOverdue")
    monitoring.wait_cleared(watched, "BilldbDrillOverdue")


def test_a_backup_that_cannot_write_is_told_of(watched: Release, monitoring: Monitoring) -> None:
    on_the_volume(watched, READ_ONLY)
    assert "permission denied" in run_now(watched, BACKUP, "of-no-use", "Failed")
    message = monitoring.wait_firing(watched, "BilldbBackupOverdue")
    understood(message, "No good backup", f" {MINUTES}m ")
    assert message.labels["severity"] == "critical"
    on_the_volume(watched, "chmod -R u+w /repository/data")
    backup(watched, "good-again")
    monitoring.wait_cleared(watched, "BilldbBackupOverdue")
