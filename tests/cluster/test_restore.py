"""The commands of docs/restore.md, each as it is written, in order: backups in a store outside the release."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from harness import storage
from harness.kubernetes import Cluster
from harness.on_cluster import documents, s3, stores
from harness.on_cluster.backups import backup, ended, results
from harness.on_cluster.release import SMALL, Release, merged
from harness.on_cluster.s3 import S3

pytestmark = pytest.mark.local_node  # the store runs on its node
BESIDE, LOOK, ROWS, DROP, SWAP, OLD, INSTALL, DRILL = range(8)
CUSTOMERS = """
INSERT INTO customer_info (customer_id, line_number, operator_code, expires_at)
SELECT 'C' || n, '0101111' || n, CASE n % 2 WHEN 0 THEN 'KT' ELSE 'SKT' END, '2999-01-01' FROM generate_series(1, 100) AS n;
INSERT INTO bill_inquiry_history (request_id, line_number) SELECT 'R' || n, '01011111' FROM generate_series(1, 100) AS n;
"""
COUNTS = "SELECT (SELECT count(*) FROM customer_info), (SELECT count(*) FROM bill_inquiry_history)"


@pytest.fixture(scope="module")
def store(namespaces: Callable[[str], Cluster], tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """A store that has a namespace of its own, as one outside of the cluster would."""
    with s3.running(namespaces("billdb-restore-store"), tmp_path_factory.mktemp("s3")) as store:
        yield store


@pytest.fixture(scope="module")
def folder(store: S3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are run: the values of the release, and the store's CA."""
    folder = tmp_path_factory.mktemp("restore")
    (folder / "ca.crt").write_text(store.ca)
    return folder


@pytest.fixture(scope="module")
def backed_up(release: Release, store: S3) -> Release:
    """A release with rows, of which there is a backup."""
    stores.secret(release.cluster, s3.SECRET, store.keys)
    release.install(store.values)
    release.cluster.sql(CUSTOMERS)
    backup(release, "before-the-loss")
    return release


def test_beside_the_database_and_rows_copied_back(backed_up: Release, folder: Path) -> None:
    commands = documents.blocks("restore.md")
    cluster = backed_up.cluster
    cluster.sql("DELETE FROM customer_info; DELETE FROM bill_inquiry_history")
    log = documents.run(commands[BESIDE], cluster, folder)
    assert "and the ledger: as the manifest says" in log
    assert "100" in documents.run(commands[LOOK], cluster, folder)
    documents.run(commands[ROWS], cluster, folder)
    assert cluster.sql(COUNTS) == "50|0"
    documents.run(commands[DROP], cluster, folder)
    assert [r["succeeded"] for r in results(backed_up, "restore")] == [True]


def test_swapped_with_the_database_which_is_kept_until_it_is_dropped(backed_up: Release, folder: Path) -> None:
    commands = documents.blocks("restore.md")
    cluster = backed_up.cluster
    log = documents.run(commands[SWAP], cluster, folder)
    assert "swapped    bill_inquiry_db is backup " in log
    assert cluster.sql(COUNTS) == "100|100"
    listed, drop = commands[OLD].splitlines()
    old, _, size = documents.run(listed, cluster, folder).strip().partition("|")
    assert size
    assert f"DROP DATABASE {old}" in log
    documents.run(drop, cluster, folder, {"OLD_DATABASE": old})
    backed_up.upgrade(None, "--reuse-values")
    assert "unchanged  12 migrations" in cluster.kubectl("logs", "job/bill-inquiry-db-init")
    asked, said = backed_up.ask(
        "service",
        "psql -Atc 'SELECT count(*) FROM customer_info'",
        {"PGUSER": "bill_inquiry_user", "PGPASSWORD": backed_up.password("bill_inquiry_user")},
    )
    assert (asked, said.strip()) == (True, "100")


def test_drill_restores_the_newest_backup_beside_the_server(backed_up: Release, folder: Path) -> None:
    log = documents.run(documents.blocks("restore.md")[DRILL], backed_up.cluster, folder)
    assert "by amcheck: no damage" in log
    [drill] = results(backed_up, "drill")
    assert drill["succeeded"]


def test_new_release_in_a_new_namespace_from_the_repository_and_its_password(
    backed_up: Release, store: S3, folder: Path, namespaces: Callable[[str], Cluster]
) -> None:
    secret = backed_up.cluster.get("secret/postgresql-bill-inquiry-backup-secret")
    password = b64decode(secret["data"]["password"]).decode()
    backed_up.cluster.kubectl("delete", "namespace", backed_up.cluster.namespace, timeout=300)
    cluster = namespaces("billdb-restored")
    values: dict[str, object] = {}
    for file in storage.presets(cluster):
        values = merged(values, yaml.safe_load(file.read_text()))
    (folder / "values.yaml").write_text(yaml.safe_dump(merged(values, SMALL)))
    log = documents.run(documents.blocks("restore.md")[INSTALL], cluster, folder, store.given | {"PASSWORD": password})
    assert "restored   into the database bill_inquiry_db_restored" in log
    new = Release(cluster)
    assert cluster.sql(COUNTS) == "100|100"
    assert "unchanged  12 migrations" in cluster.kubectl("logs", "job/bill-inquiry-db-init")
    new.upgrade(None, "--reuse-values")
    assert "has data: nothing is restored" in ended(new, "bill-inquiry-db-restore")
    assert cluster.sql(COUNTS) == "100|100"
    new.remove()
