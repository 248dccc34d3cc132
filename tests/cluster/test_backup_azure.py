"""Backups in Azure Blob Storage by an account's key; run by `nox -s azure`, which installs what plays it."""

from collections.abc import Iterator

import pytest

from harness.on_cluster import azure
from harness.on_cluster.azure import Azure
from harness.on_cluster.backups import BACKUP, backup, results, run_now
from harness.on_cluster.release import Release

pytestmark = [pytest.mark.local_node, pytest.mark.azure]  # the store runs on its node


@pytest.fixture(scope="module")
def store(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with azure.running(release.cluster, tmp_path_factory.mktemp("azure")) as store:
        release.install(store.values)
        yield store


def test_backups_go_to_the_account_and_are_read_again(release: Release, store: Azure) -> None:
    made = [backup(release, name) for name in ("first", "second")]
    log = run_now(release, f"{BACKUP}-check", "check")
    assert "no errors were found" in log
    assert [r["backup"] for r in results(release, "backup")] == made
