"""Backups of PostgreSQL 18 in an S3 store with TLS: what goes out, what is held, and a store that goes away."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from harness import paths
from harness.on_cluster import s3
from harness.on_cluster.backups import BACKUP, backup, ended, results, run_now, start
from harness.on_cluster.release import Release, merged
from harness.on_cluster.s3 import S3
from harness.waiting import wait_for
from tests.cluster.test_isolation import API, SERVER, confined, knock

pytestmark = pytest.mark.local_node  # the store runs on its node
FILL = """
INSERT INTO bill_inquiry_history (request_id, line_number, status)
SELECT 'r' || n, '01012345678', 'PROCESSING' FROM generate_series(1, 100000) AS n
"""


def values(store: S3) -> dict[str, Any]:
    """A release of 18 with its backups there."""
    return merged(store.values, yaml.safe_load((paths.PRESETS / "postgresql-18.yaml").read_text()))


@pytest.fixture(scope="module")
def store(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3.running(release.cluster, tmp_path_factory.mktemp("s3")) as store:
        release.install(values(store))
        yield store


def test_a_backup_goes_to_the_store_encrypted(release: Release, store: S3) -> None:
    release.cluster.sql(FILL)
    made = backup(release, "first")
    objects = [file.read_bytes() for file in store.bucket.rglob("*") if file.is_file()]
    assert sum(map(len, objects)) > 100_000
    assert not [content for content in objects if b"01012345678" in content or b"PGDMP" in content]
    assert results(release, "backup")[-1]["backup"] == made
    assert f"last good backup: {made} of " in release.cluster.helm("test", release.name, "--logs")


def test_a_store_that_goes_away_midway_leaves_no_backup_and_the_next_one_is_whole(release: Release, store: S3) -> None:
    release.upgrade(merged(values(store), {"backup": {"deadlineSeconds": 90}}))  # restic tries again for 15 minutes
    made = len(results(release, "backup"))
    with_a_lock = "BEGIN; LOCK TABLE system_config; SELECT pg_sleep(3600)"
    release.client("holds", f'psql --command="{with_a_lock}"')
    release.cluster.kubectl("wait", "pod/holds", "--for=condition=Ready", "--timeout=240s")
    start(release, BACKUP, "midway")
    release.cluster.kubectl("wait", "--for=jsonpath={.status.active}=1", "job/midway", "--timeout=240s")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'billdb/backup' AND wait_event = 'relation'"
    wait_for(lambda: release.cluster.sql(waits) == "1", "the backup to wait for the lock", 60)
    store.stop()
    release.cluster.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = '{with_a_lock}'")
    log = ended(release, "midway", "Failed")
    assert "not done in 90 s (mend what is slow, or raise this Job's deadlineSeconds): no backup was made" in log
    [failure] = results(release, "backup")[made:]
    assert (failure["succeeded"], failure["backup"]) == (False, None)
    assert failure["message"].startswith("not done in 90 s")
    release.upgrade(values(store))
    store.start()
    backup(release, "back")
    assert "no errors were found" in run_now(release, f"{BACKUP}-check", "check")


def test_the_jobs_of_backups_reach_the_server_and_the_store_and_nothing_else(release: Release, store: S3) -> None:
    labels = release.cluster.get(f"cronjob/{BACKUP}")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    pod = confined(release, "like-backup", labels)
    place, elsewhere = f"{store.host}/{store.port}", "postgresql-bill-inquiry/5433"
    assert knock(release, pod, SERVER, place, API, elsewhere) == {
        SERVER: "open",
        place: "open",
        API: "closed",
        elsewhere: "closed",
    }


def test_a_store_that_is_not_named_is_refused(release: Release, store: S3) -> None:
    [line] = release.refused("upgrade", merged(values(store), {"backup": {"repository": {"existingSecret": "none"}}}))
    assert line.startswith("backup.repository.existingSecret: no Secret none in namespace")
