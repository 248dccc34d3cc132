"""The daily backup with CloudNativePG: it reads from a replica, as long as nothing is missing there."""

from collections.abc import Iterator

import pytest

from harness.on_cluster.backups import BACKUP, run_now
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged

ROW = "INSERT INTO system_config (config_key, config_value, config_type) VALUES ('row.before', '1', 'STRING')"


@pytest.fixture(scope="module")
def pair(cloudnativepg: None, release: Release) -> Iterator[Instances]:
    """A primary and a replica."""
    release.install(merged(SMALL, {"cloudnativepg": {"instances": 2}, "backup": {"enabled": True}}))
    instances = Instances(release)
    instances.wait_healthy()
    yield instances
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def recorded(instances: Instances) -> str:
    """What the primary was told of the newest run: its kind, and whether it succeeded."""
    return instances.sql("SELECT kind, succeeded FROM audit.backup_run ORDER BY id DESC LIMIT 1")


def address(release: Release, pod: str) -> str:
    return str(release.cluster.get(f"pod/{pod}")["status"]["podIP"])


def test_it_reads_from_the_replica_and_the_drill_restores_that(pair: Instances) -> None:
    pair.sql(ROW)
    [replica] = pair.replicas()
    log = run_now(pair.release, BACKUP, "from-the-replica")
    assert f"reading from the replica at {address(pair.release, replica)}" in log
    assert recorded(pair) == "backup|t"
    log = run_now(pair.release, "bill-inquiry-drill", "drill")
    assert "no damage" in log
    assert recorded(pair) == "drill|t"


def test_a_replica_that_has_fallen_behind_is_not_read(pair: Instances) -> None:
    [replica] = pair.replicas()
    pair.sql("SELECT pg_wal_replay_pause()", pod=replica)
    try:
        pair.sql("UPDATE system_config SET config_value = '2' WHERE config_key = 'row.before'")
        log = run_now(pair.release, BACKUP, "behind")
    finally:
        pair.sql("SELECT pg_wal_replay_resume()", pod=replica)
    assert "reading from the primary: after 30 s the replica at" in log
    assert recorded(pair) == "backup|t"


def test_unlogged_tables_are_read_from_the_primary(pair: Instances) -> None:
    pair.sql("CREATE UNLOGGED TABLE public.passing AS SELECT 1 AS n")
    try:
        log = run_now(pair.release, BACKUP, "unlogged")
    finally:
        pair.sql("DROP TABLE public.passing")
    assert "reading from the primary: there are unlogged tables" in log
    assert recorded(pair) == "backup|t"
