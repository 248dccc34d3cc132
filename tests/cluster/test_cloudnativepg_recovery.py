"""The database of a moment out of the archive: by values, into a namespace that has nothing but the store's keys."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.kubernetes import Cluster
from harness.on_cluster import s3, stores
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged
from harness.on_cluster.s3 import BUCKET, S3, SECRET
from harness.on_cluster.serving import secret
from harness.waiting import wait_for

pytestmark = pytest.mark.local_node  # the store runs on its node
ORIGIN = "orders"
ROW = "INSERT INTO system_config (config_key, config_value, config_type) VALUES ('{}', '1', 'STRING')"
NOW = """SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
ROWS = "SELECT string_agg(config_key, ' ' ORDER BY config_key) FROM system_config WHERE config_key LIKE 'row.%'"


def values(store: S3, **archive: Any) -> dict[str, Any]:
    """One server with its archive there."""
    given = {"enabled": True, "s3": {"endpoint": store.endpoint, "bucket": BUCKET}, "existingSecret": SECRET, "caSecret": SECRET}
    return merged(SMALL, {"cloudnativepg": {"instances": 1, "archive": given | archive}})


@pytest.fixture(scope="module")
def store(barman: None, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3.running(release.cluster, tmp_path_factory.mktemp("s3")) as store:
        yield store


@pytest.fixture(scope="module")
def moment(store: S3, release: Release) -> Iterator[str]:
    """When row.1 was there and row.2 not yet; everything is in the archive, and what wrote it is gone."""
    release.install(values(store, name=ORIGIN))
    instances = Instances(release)
    instances.wait_healthy()
    wait_for(lambda: backups(release) == ["completed"], "the first base backup", 240, lambda: told(release), every=1)
    instances.sql(ROW.format("row.1"))
    at = instances.sql(NOW)
    instances.sql(ROW.format("row.2"))
    segment = instances.sql("SELECT pg_walfile_name(pg_switch_wal())")
    archived = f"SELECT last_archived_wal >= '{segment}' FROM pg_stat_archiver"
    wait_for(lambda: instances.sql(archived) == "t", f"{segment} to be archived", 120, lambda: told(release))
    release.cluster.kubectl("delete", f"cluster/{NAME}")
    release.remove()
    yield at
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def backups(release: Release) -> list[str]:
    return [str(backup.get("status", {}).get("phase")) for backup in release.cluster.get("backups.postgresql.cnpg.io")["items"]]


def told(release: Release) -> str:
    return release.cluster.kubectl("logs", f"{NAME}-1", "--all-containers", "--tail=20")


@pytest.fixture
def elsewhere(namespaces: Callable[[str], Cluster], store: S3, release: Release, moment: str) -> Iterator[Release]:
    """A namespace with nothing but the store's keys."""
    other = Release(namespaces(f"{release.cluster.namespace}-elsewhere"))
    stores.secret(other.cluster, SECRET, secret(release, SECRET))
    yield other
    other.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")
    other.remove()


def recovered(store: S3, until: str) -> dict[str, Any]:
    again = {"recovery": {"from": ORIGIN, "until": until}}
    return merged(values(store, name=f"{ORIGIN}-again"), {"cloudnativepg": again})


def test_the_database_of_a_moment_between_two_commits_comes_back(elsewhere: Release, store: S3, moment: str) -> None:
    elsewhere.install(recovered(store, moment))
    instances = Instances(elsewhere)
    instances.wait_healthy()
    assert instances.sql(ROWS) == "row.1"
    done, log = elsewhere.ask("service", "psql -Atc 'SELECT 1'", {"PGUSER": "postgres"})
    assert (done, log) == (True, "1\n"), "the schema Job brought this release's passwords"


def test_an_archive_that_lacks_a_segment_is_refused_and_the_log_says_which(elsewhere: Release, store: S3, moment: str) -> None:
    segments = sorted(file for file in store.bucket.rglob(f"{ORIGIN}/wals/*/*.gz") if "history" not in file.name)
    needed = segments[-1]
    needed.rename(store.folder / needed.name)
    try:
        with pytest.raises(Exception, match="billdb"):
            elsewhere.install(recovered(store, moment), timeout="90s")
        jobs = ["logs", "--selector=cnpg.io/jobRole=full-recovery", "--all-containers", "--tail=-1", "--prefix"]
        log = elsewhere.cluster.kubectl(*jobs)
        assert "recovery ended before configured recovery target was reached" in log
        assert needed.name.removesuffix(".gz") in log
    finally:
        (store.folder / needed.name).rename(needed)
