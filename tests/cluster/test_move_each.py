"""From 14 to each newer major version in turn, on one release: each on a volume of its own, with all that there was."""

import pytest

from harness.database.states import ROWS
from harness.local import cluster, images, node
from harness.on_cluster.release import Release
from tests.cluster.test_upgrade_released import CONTENT

pytestmark = pytest.mark.local_node  # it loads images
ROLES = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('guest', 'group') ORDER BY 1"  # which no Job makes again


@pytest.fixture(scope="module")
def filled(release: Release) -> Release:
    """A release of 14 with rows, on a cluster that has the images."""
    running = node.first()
    cluster.load(running, images.archives(["14", "15", "16", "17"]))
    release.install({"schema": {"login": "password"}})
    release.cluster.sql(ROWS)
    release.cluster.sql('CREATE ROLE guest LOGIN PASSWORD \'guest-1234\'; CREATE ROLE "group"; GRANT "group" TO guest')
    return release


@pytest.mark.parametrize(("to", "program"), [("15", "helm"), ("16", "helm"), ("17", "helm3")])
def test_each_newer_version_has_what_the_older_one_had(filled: Release, to: str, program: str) -> None:
    before = filled.cluster.sql(CONTENT), filled.cluster.sql(ROLES)
    values = {"image": {"tag": to}, "persistence": {"volume": f"of-{to}"}, "schema": {"login": "password"}}
    filled.upgrade(values, program=program)
    assert filled.cluster.sql("SHOW server_version").startswith(f"{to}.")
    assert (filled.cluster.sql(CONTENT), filled.cluster.sql(ROLES)) == before
    login = {"PGUSER": "bill_inquiry_user", "PGPASSWORD": filled.password("bill_inquiry_user")}
    assert filled.ask("client", "psql -Atc 'SELECT current_user'", login) == (True, "bill_inquiry_user\n")
    newest = "SELECT succeeded, message FROM audit.backup_run WHERE kind = 'move' ORDER BY id DESC LIMIT 1"
    assert filled.cluster.sql(newest).startswith("t|PostgreSQL 1")
