"""Backups on a volume of their own, as a person makes them, and over upgrades and uninstall."""

import pytest

from harness.commands import CommandError
from harness.on_cluster.backups import BACKUP, backup, ended, results, run_now
from harness.on_cluster.release import Release

CLAIM, SECRET = "postgresql-bill-inquiry-backup-pvc", "postgresql-bill-inquiry-backup-secret"
BEFORE = {"backup": {"beforeUpgrade": True}}


def test_an_upgrade_that_asks_for_a_backup_before_it_needs_a_release_that_makes_them(release: Release) -> None:
    release.install({"backup": {"enabled": False}})
    refused = release.refused("upgrade", BEFORE)
    assert any("this release makes no backups yet, and an upgrade would not begin without one" in line for line in refused)
    release.upgrade()


def test_a_backup_made_by_hand_says_what_it_made_and_leaves_its_result(release: Release) -> None:
    made = backup(release, "now")
    [result] = results(release, "backup")
    assert (result["succeeded"], result["backup"], result["release"]) == (True, made, "billdb")
    assert result["bytes"] > result["added_bytes"] > 0
    log = run_now(release, f"{BACKUP}-check", "check-now")
    assert "no errors were found" in log
    assert [(r["succeeded"], r["backup"]) for r in results(release, "check")] == [(True, made)]


def test_an_upgrade_starts_from_a_fresh_backup_and_does_not_begin_without_one(release: Release) -> None:
    release.upgrade(BEFORE)
    assert "added to the repository" in ended(release, f"{BACKUP}-before-upgrade")
    assert [r["succeeded"] for r in results(release, "backup")] == [True, True]
    revision = release.cluster.get("statefulset/postgresql-bill-inquiry")["metadata"]["generation"]
    release.cluster.sql("REVOKE pg_read_all_data FROM bill_backup_user")
    with pytest.raises(CommandError, match="pre-upgrade"):
        release.upgrade(BEFORE | {"postgresql": {"parameters": {"work_mem": "5MB"}}})
    assert "no backup was made" in ended(release, f"{BACKUP}-before-upgrade", "Failed")
    assert release.cluster.get("statefulset/postgresql-bill-inquiry")["metadata"]["generation"] == revision
    assert release.cluster.sql("SHOW work_mem") == "4MB"
    release.upgrade()  # its schema Job gives the role its membership again
    assert [r["succeeded"] for r in results(release, "backup")][-1] is False


def test_backups_and_their_password_outlive_the_release(release: Release) -> None:
    password = release.cluster.get(f"secret/{SECRET}")["data"]
    made = [r["backup"] for r in results(release, "backup") if r["succeeded"]]
    release.cluster.helm("uninstall", release.name, "--wait")
    assert release.cluster.get(f"secret/{SECRET}")["data"] == password
    assert release.cluster.get(f"pvc/{CLAIM}")["status"]["phase"] == "Bound"
    release.install()
    assert release.cluster.get(f"secret/{SECRET}")["data"] == password
    assert backup(release, "after-uninstall") not in made
    assert "no errors were found" in run_now(release, f"{BACKUP}-check", "check-after-uninstall")


def test_a_changed_password_or_size_is_refused_with_what_to_do(release: Release) -> None:
    [line] = release.refused("upgrade", {"backup": {"repository": {"password": "another"}}})
    assert line.startswith(f"backup.repository.password: not the one in the Secret {SECRET}")
    [line] = release.refused("upgrade", {"backup": {"repository": {"volume": {"size": "30Gi"}}}})
    assert line.startswith(
        f"backup.repository.volume.size: 30Gi, but the claim {CLAIM} has 20Gi; set it to that, or let the claim grow"
    )
