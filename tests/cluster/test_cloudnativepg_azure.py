"""The archive in Azure Blob Storage, and a recovery out of it; run by `nox -s azure`, which installs what plays it."""

from collections.abc import Iterator
from typing import Any

import pytest

from harness.on_cluster import azure
from harness.on_cluster.archived import ROWS, moment, wait_base_backup
from harness.on_cluster.azure import Azure
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged

pytestmark = [pytest.mark.local_node, pytest.mark.azure]  # the store runs on its node
AT_ONCE = {"configuration": {"data": {"immediateCheckpoint": True}}}


def values(store: Azure, **cloudnativepg: Any) -> dict[str, Any]:
    """One server with its archive there."""
    own = {"instances": 1, "archive": store.archive | {"name": "orders", "spec": AT_ONCE}}
    return merged(SMALL, {"cloudnativepg": merged(own, cloudnativepg)})


@pytest.fixture(scope="module")
def store(barman: None, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with azure.running(release.cluster, tmp_path_factory.mktemp("azure")) as store:
        yield store
        release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def test_the_database_of_a_moment_comes_back_out_of_the_account(release: Release, store: Azure) -> None:
    release.install(values(store))
    instances = Instances(release)
    instances.wait_healthy()
    wait_base_backup(instances)
    between = moment(instances)
    release.cluster.helm("uninstall", release.name, "--wait")
    release.cluster.kubectl("delete", f"cluster/{NAME}")
    release.install(values(store, archive={"name": "orders-again"}, recovery={"from": "orders", "until": between}))
    instances.wait_healthy()
    assert instances.sql(ROWS) == "row.1"
