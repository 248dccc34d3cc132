"""The database of a moment, as docs/point-in-time-recovery.md has it: by values, with nothing but the store and its keys."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import paths
from harness.kubernetes import Cluster, CommandError
from harness.on_cluster import documents, s3, stores
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged
from harness.on_cluster.s3 import BUCKET, S3, SECRET
from harness.waiting import wait_for, wait_for_words

pytestmark = pytest.mark.local_node  # the store runs on its node
DOCUMENT = "point-in-time-recovery.md"
ORIGIN = "orders"
AGAIN = "phonebill-again"  # the other namespace, in the document
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
def folder(store: S3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a person types: with the document's values, for one small server, and the CA of the store."""
    folder = tmp_path_factory.mktemp("person")
    [example] = re.findall(r"^```yaml\n(.*?)^```$", (paths.ROOT / "docs" / DOCUMENT).read_text(), re.MULTILINE | re.DOTALL)
    for word, value in given(store).items():
        example = re.sub(rf"\b{word}\b", value, example)
    at_once = {"archive": {"spec": {"configuration": {"data": {"immediateCheckpoint": True}}}}}
    content = merged(merged(SMALL, {"cloudnativepg": {"instances": 1} | at_once}), yaml.safe_load(example))
    (folder / "archive.yaml").write_text(yaml.safe_dump(content))
    (folder / "ca.crt").write_text(store.ca)
    return folder


@pytest.fixture(scope="module")
def moment(store: S3, release: Release, folder: Path) -> Iterator[str]:
    """When row.1 was there and row.2 not yet; everything is in the archive, and what wrote it is gone."""
    keys, install, asked, again, switched, _, _ = documents.blocks(DOCUMENT)
    documents.run(keys, release.cluster, folder, given(store))
    documents.run(install, release.cluster, folder)
    instances = Instances(release)
    instances.wait_healthy()
    wait_for(lambda: backups(release) == ["completed"], "the first base backup", 240, lambda: told(release), every=1)
    documents.run(again, release.cluster, folder)
    instances.sql(ROW.format("row.1"))
    at = instances.sql(NOW)
    instances.sql(ROW.format("row.2"))
    segment = documents.run(switched, release.cluster, folder).strip()
    archived = f"SELECT last_archived_wal >= '{segment}' FROM pg_stat_archiver"
    wait_for(lambda: instances.sql(archived) == "t", f"{segment} to be archived", 120, lambda: told(release))
    told_of_it = documents.run(asked, release.cluster, folder)
    assert told_of_it.startswith('True{"orders":{"firstRecoverabilityPoint":'), told_of_it
    release.cluster.kubectl("delete", f"cluster/{NAME}")
    release.remove()
    yield at
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def given(store: S3) -> dict[str, str]:
    """What the document leaves to be filled in."""
    keys = {"KEY": store.environment["ROOT_ACCESS_KEY"], "SECRET": store.environment["ROOT_SECRET_KEY"]}
    return keys | {"ENDPOINT": store.endpoint, "BUCKET": BUCKET}


def backups(release: Release) -> list[str]:
    return [str(backup.get("status", {}).get("phase")) for backup in release.cluster.get("backups.postgresql.cnpg.io")["items"]]


def told(release: Release) -> str:
    return release.cluster.kubectl("logs", f"{NAME}-1", "--all-containers", "--tail=20")


@pytest.fixture
def elsewhere(namespaces: Callable[[str], Cluster], store: S3, release: Release, moment: str) -> Iterator[Release]:
    """A namespace with nothing in it."""
    other = Release(namespaces(f"{release.cluster.namespace}-elsewhere"))
    yield other
    other.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")
    other.remove()


def recovered(store: S3, until: str) -> dict[str, Any]:
    again = {"recovery": {"from": ORIGIN, "until": until}}
    # What the other test's database wrote under its name would be in the way.
    return merged(values(store, name=f"{ORIGIN}-once-more"), {"cloudnativepg": again})


def test_the_database_of_a_moment_between_two_commits_comes_back(
    elsewhere: Release, store: S3, moment: str, folder: Path
) -> None:
    *_, recover, compare = documents.blocks(DOCUMENT)
    filled_in = given(store) | {AGAIN: elsewhere.cluster.namespace, "MOMENT": moment}
    documents.run(recover, elsewhere.cluster, folder, filled_in)
    instances = Instances(elsewhere)
    instances.wait_healthy()
    assert "(1 row)" in documents.run(compare, elsewhere.cluster, folder, filled_in)
    assert instances.sql(ROWS) == "row.1"
    done, log = elsewhere.ask("service", "psql -Atc 'SELECT 1'", {"PGUSER": "postgres"})
    assert (done, log) == (True, "1\n"), "the schema Job brought this release's passwords"


def test_an_archive_that_lacks_a_segment_is_refused_and_the_log_says_which(elsewhere: Release, store: S3, moment: str) -> None:
    keys = given(store)
    stores.secret(
        elsewhere.cluster, SECRET, {"AWS_ACCESS_KEY_ID": keys["KEY"], "AWS_SECRET_ACCESS_KEY": keys["SECRET"], "ca.crt": store.ca}
    )
    segments = sorted(file for file in store.bucket.rglob(f"{ORIGIN}/wals/*/*.gz") if "history" not in file.name)
    needed = segments[-1]
    needed.rename(store.folder / needed.name)
    try:
        with pytest.raises(Exception, match="billdb"):
            elsewhere.install(recovered(store, moment), timeout="60s")
        jobs = ["logs", "--selector=cnpg.io/jobRole=full-recovery", "--all-containers", "--tail=-1", "--prefix"]

        def told() -> str:
            try:
                return elsewhere.cluster.kubectl(*jobs)
            except CommandError as error:  # a container is not there yet
                return str(error)

        log = wait_for_words(told, "recovery ended before configured recovery target was reached", 240)
        assert needed.name.removesuffix(".gz") in log
    finally:
        (store.folder / needed.name).rename(needed)
