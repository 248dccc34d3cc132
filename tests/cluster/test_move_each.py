"""From 14 to each newer major version in turn, on one release: each on a volume of its own, with all that there was."""

import pytest

from harness.database.states import ROWS
from harness.local import cluster, images, node
from harness.on_cluster.release import Release
from tests.cluster.test_upgrade_released import CONTENT

pytestmark = pytest.mark.local_node  # it loads images
ROLES = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'bill%user' ORDER BY 1"


@pytest.fixture(scope="module")
def filled(release: Release) -> Release:
    """A release of 14 with rows, on a cluster that has the images."""
    running = node.current()
    assert running, "this test needs the local Kubernetes: it loads images"
    cluster.load(running, images.archives(["14", "15", "16", "17"]))
    release.install({"schema": {"login": "password"}})
    release.cluster.sql(ROWS)
    return release


@pytest.mark.parametrize("to", ["15", "16", "17"])
def test_each_newer_version_has_what_the_older_one_had(filled: Release, to: str) -> None:
    before = filled.cluster.sql(CONTENT), filled.cluster.sql(ROLES)
    filled.upgrade({"image": {"tag": to}, "persistence": {"volume": f"of-{to}"}, "schema": {"login": "password"}})
    assert filled.cluster.sql("SHOW server_version").startswith(f"{to}.")
    assert (filled.cluster.sql(CONTENT), filled.cluster.sql(ROLES)) == before
    newest = "SELECT succeeded, message FROM audit.backup_run WHERE kind = 'move' ORDER BY id DESC LIMIT 1"
    assert filled.cluster.sql(newest).startswith("t|PostgreSQL 1")
