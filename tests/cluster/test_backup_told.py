"""What a person is told of the backups by helm test and the report of an installation."""

import pytest

from harness import install
from harness.commands import CommandError
from harness.on_cluster.backups import BACKUP, backup
from harness.on_cluster.release import Release

DAMAGED = """
INSERT INTO audit.backup_run (kind, started_at, succeeded, message, release, chart_version)
VALUES ('check', now(), false, 'the repository is damaged', 'billdb', '0.4.0')
"""


def said(release: Release) -> str:
    """What helm test says of the backups, expecting success."""
    return release.cluster.helm("test", release.name, "--logs")


def test_helm_test_says_when_the_first_backup_comes_and_how_to_make_one(release: Release) -> None:
    release.install()
    now = f"kubectl create job -n {release.cluster.namespace} --from=cronjob/{BACKUP} backup-$(date +%s)"
    assert f"no backup yet: the first comes at 0 2 * * * (Asia/Seoul); make one now: {now}\n" in said(release)
    assert install.backups(release.cluster, "kubectl").startswith("  none yet\n  made at 0 2 * * * (Asia/Seoul); make one now: ")


def test_the_last_good_backup_is_told_until_a_run_failed(release: Release) -> None:
    made = backup(release, "now")
    assert f"last good backup: {made} of 20" in said(release)
    assert install.backups(release.cluster, "kubectl").startswith(f"  the last good one: {made}, ")
    release.cluster.sql(DAMAGED)
    with pytest.raises(CommandError):
        said(release)
    log = release.cluster.kubectl("logs", f"{BACKUP}-test")
    assert f"last good backup: {made} of 20" in log
    assert "ERROR:  the last check failed: the repository is damaged\n" in log
