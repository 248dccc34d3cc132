"""The database of a moment, as docs/point-in-time-recovery.md has it: by values, with nothing but the store and its keys."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from harness import paths
from harness.kubernetes import Cluster, CommandError
from harness.on_cluster import documents, s3, stores
from harness.on_cluster.archived import NOW, ROW, ROWS, wait_archived, wait_base_backup
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged
from harness.on_cluster.s3 import S3, SECRET
from harness.waiting import wait_for_words

pytestmark = pytest.mark.local_node  # the store runs on its node
DOCUMENT = "point-in-time-recovery.md"
ORIGIN = "orders"
AGAIN = "phonebill-again"  # the other namespace, in the document


def values(store: S3, **archive: Any) -> dict[str, Any]:
    """One server with its archive there."""
    return merged(SMALL, {"cloudnativepg": {"instances": 1, "archive": store.archive | archive}})


class Written(NamedTuple):
    """When row.1 was there and row.2 not yet, and the segment of the WAL that has row.2."""

    moment: str
    segment: str


@pytest.fixture(scope="module")
def store(barman: None, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3.running(release.cluster, tmp_path_factory.mktemp("s3")) as store:
        yield store


@pytest.fixture(scope="module")
def folder(store: S3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a person types: with the document's values, for one small server, and the CA of the store."""
    folder = tmp_path_factory.mktemp("person")
    [example] = re.findall(r"^```yaml\n(.*?)^```$", (paths.ROOT / "docs" / DOCUMENT).read_text(), re.MULTILINE | re.DOTALL)
    for word, value in store.given.items():
        example = re.sub(rf"\b{word}\b", value, example)
    at_once = {"archive": {"spec": {"configuration": {"data": {"immediateCheckpoint": True}}}}}
    content = merged(merged(SMALL, {"cloudnativepg": {"instances": 1} | at_once}), yaml.safe_load(example))
    (folder / "archive.yaml").write_text(yaml.safe_dump(content))
    (folder / "ca.crt").write_text(store.ca)
    return folder


@pytest.fixture(scope="module")
def written(store: S3, release: Release, folder: Path) -> Iterator[Written]:
    """Everything is in the archive, and what wrote it is gone."""
    keys, install, asked, again, switched, _, _ = documents.blocks(DOCUMENT)
    documents.run(keys, release.cluster, folder, store.given)
    documents.run(install, release.cluster, folder)
    instances = Instances(release)
    instances.wait_healthy()
    wait_base_backup(instances)
    documents.run(again, release.cluster, folder)
    instances.sql(ROW.format(1))
    at = instances.sql(NOW)
    instances.sql(ROW.format(2))
    segment = documents.run(switched, release.cluster, folder).strip()
    wait_archived(instances, segment)
    told_of_it = documents.run(asked, release.cluster, folder)
    assert told_of_it.startswith('True{"orders":{"firstRecoverabilityPoint":'), told_of_it
    release.cluster.kubectl("delete", f"cluster/{NAME}")
    release.remove()
    yield Written(at, segment)
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


@pytest.fixture
def elsewhere(namespaces: Callable[[str], Cluster], store: S3, release: Release, written: Written) -> Iterator[Release]:
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
    elsewhere: Release, store: S3, written: Written, folder: Path
) -> None:
    *_, recover, compare = documents.blocks(DOCUMENT)
    filled_in = store.given | {AGAIN: elsewhere.cluster.namespace, "MOMENT": written.moment}
    documents.run(recover, elsewhere.cluster, folder, filled_in)
    instances = Instances(elsewhere)
    instances.wait_healthy()
    assert "(1 row)" in documents.run(compare, elsewhere.cluster, folder, filled_in)
    assert instances.sql(ROWS) == "row.1"
    done, log = elsewhere.ask("service", "psql -Atc 'SELECT 1'", {"PGUSER": "postgres"})
    assert (done, log) == (True, "1\n"), "the schema Job brought this release's passwords"
    own = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"
    assert instances.sql(own) == "bill_inquiry_db billdb_hook postgres"
    assert instances.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'app'") == "0"
    later = yaml.safe_load((folder / "archive.yaml").read_text())
    elsewhere.upgrade(merged(later, {"cloudnativepg": {"archive": {"name": f"{ORIGIN}-again"}}}))
    instances.wait_healthy()
    assert instances.sql(ROWS) == "row.1", "what it began with is not looked at again"


def test_an_archive_that_lacks_a_segment_is_refused_and_the_log_says_which(
    elsewhere: Release, store: S3, written: Written
) -> None:
    stores.secret(elsewhere.cluster, SECRET, store.keys)
    [needed] = store.bucket.rglob(f"{ORIGIN}/wals/*/{written.segment}.gz")
    needed.rename(store.folder / needed.name)
    try:
        with pytest.raises(CommandError, match="post-install"):
            elsewhere.install(recovered(store, written.moment), timeout="60s")
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
