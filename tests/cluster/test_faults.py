"""Installations that cannot succeed: helm says so in bounded time, nothing is lost, and the next correct upgrade mends them."""

from collections.abc import Iterator

import pytest
import yaml

from harness.kubernetes import POD, CommandError
from harness.on_cluster.release import Release
from harness.waiting import wait_for_words

MENDED = "SELECT count(*) FROM system_config"


@pytest.fixture
def fresh(release: Release) -> Iterator[Release]:
    """The module's release, not installed, in an empty namespace."""
    yield release
    release.remove()


def refused(command: str, release: Release, values: dict[str, object], timeout: int = 15) -> str:
    with pytest.raises(CommandError) as failure:
        getattr(release, command)(values, timeout=f"{timeout}s")
    return str(failure.value)


def log_of_prepare_volume(release: Release) -> str:
    try:
        return release.cluster.kubectl("logs", POD, "--container=prepare-volume")
    except CommandError as error:  # the container has not started yet
        return str(error)


def test_an_image_that_cannot_be_pulled_is_mended_by_the_next_upgrade(fresh: Release) -> None:
    message = refused("install", fresh, {"image": {"tag": "14-no-such"}})
    assert "StatefulSet" in message
    assert "postgresql-bill-inquiry" in message
    fresh.upgrade()
    assert fresh.cluster.sql(MENDED) == "13"


def test_a_wrong_image_in_an_upgrade_loses_nothing(fresh: Release) -> None:
    fresh.install()
    fresh.cluster.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    refused("upgrade", fresh, {"image": {"tag": "14-no-such"}})
    fresh.upgrade()
    assert fresh.cluster.sql("SELECT answer FROM kept") == "42"


def test_a_setting_that_the_server_refuses_is_mended_by_the_next_upgrade(fresh: Release) -> None:
    fresh.install()
    fresh.cluster.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    refused("upgrade", fresh, {"postgresql": {"parameters": {"no_such_setting": "1"}}})
    wait_for_words(lambda: log_of_prepare_volume(fresh), 'unrecognized configuration parameter "no_such_setting"')
    fresh.upgrade()
    assert fresh.cluster.sql("SELECT answer FROM kept") == "42"


@pytest.mark.local_node
def test_a_claim_that_cannot_bind_is_mended_once_it_is_deleted(fresh: Release) -> None:
    message = refused("install", fresh, {"persistence": {"storageClass": "none-such"}, "storageClass": {"create": False}})
    assert "postgresql-bill-inquiry" in message
    [refusal] = fresh.refused("upgrade")
    assert refusal == (
        "persistence.storageClass: managed-standard, but the claim postgresql-bill-inquiry-pvc has none-such and cannot change "
        "it; it holds no data yet: kubectl delete pvc -n billdb-faults postgresql-bill-inquiry-pvc, then try again"
    )
    fresh.cure(refusal)
    fresh.upgrade()
    assert fresh.cluster.sql(MENDED) == "13"


@pytest.mark.local_node
def test_the_chart_leaves_a_storage_class_that_exists_alone(fresh: Release) -> None:
    before = fresh.cluster.get("storageclass/managed-standard")
    fresh.install()
    after = fresh.cluster.get("storageclass/managed-standard")
    assert yaml.safe_dump(after) == yaml.safe_dump(before)
    assert after["provisioner"] == "rancher.io/local-path"


def test_a_hook_that_cannot_reach_the_server_is_mended_by_the_next_upgrade(fresh: Release) -> None:
    fresh.install()
    refused(
        "upgrade",
        fresh,
        {"clusterDomain": "no.such.domain", "schema": {"waitSeconds": 3, "backoffLimit": 0}},
        timeout=240,
    )
    log = fresh.cluster.kubectl("logs", "job/bill-inquiry-db-init")
    assert "ERROR: no connection to postgresql-bill-inquiry.billdb-faults.svc.no.such.domain:5432 after 3 s" in log
    fresh.upgrade()
    assert fresh.cluster.sql(MENDED) == "13"
