"""From the StatefulSet to the Cluster and back, by the commands of docs/high-availability.md, with every row compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness import storage
from harness.kubernetes import CommandError
from harness.on_cluster import documents
from harness.on_cluster.cloudnativepg import SMALL as CLUSTER
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import SMALL, Release, merged

pytestmark = pytest.mark.local_node
INSTALL, THERE, NEVER_MIND, BACK, POOLER, PROMOTE = range(6)
CUSTOMERS = """
INSERT INTO customer_info (customer_id, line_number, operator_code, expires_at)
SELECT 'C' || n, '0101111' || n, 'KT', '2999-01-01' FROM generate_series({}, {}) AS n
"""
ROWS = "SELECT count(*) FROM customer_info"


@pytest.fixture(scope="module")
def folder(cloudnativepg: None, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are typed, beside the release's values: one server will do, with backups on a volume."""
    values = merged(SMALL, {key: value for key, value in CLUSTER.items() if key not in ("engine", "backup")})
    backup = {"repository": {"volume": {"size": "1Gi"}}, "drill": {"enabled": False}}
    values = merged(values, {"cloudnativepg": {"instances": 1}, "backup": backup})
    for file in storage.presets(release.cluster):
        values = merged(yaml.safe_load(file.read_text()), values)
    folder = tmp_path_factory.mktemp("move")
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    return folder


@pytest.fixture(scope="module")
def moved(folder: Path, release: Release) -> Iterator[Instances]:
    """A release of the StatefulSet with rows, which was moved to a Cluster."""
    release.install(yaml.safe_load((folder / "values.yaml").read_text()))
    release.cluster.sql(CUSTOMERS.format(1, 500))
    there, never_mind = (documents.blocks("high-availability.md")[block] for block in (THERE, NEVER_MIND))
    documents.run(there, release.cluster, folder)
    documents.run(never_mind, release.cluster, folder)
    assert release.cluster.sql(ROWS) == "500", "the way back is there until the new one is in use"
    log = documents.run(there, release.cluster, folder)
    assert "and the ledger: as the manifest says" in log
    assert "swapped    bill_inquiry_db is backup " in log
    yield Instances(release)
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def test_the_cluster_has_every_row_and_no_database_more(moved: Instances) -> None:
    moved.wait_healthy()
    assert moved.sql(ROWS) == "500"
    names = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"
    assert moved.sql(names) == "bill_inquiry_db billdb_hook postgres"


def test_the_old_volume_is_as_it_was_and_no_engine_starts_beside_the_data(moved: Instances) -> None:
    claims = moved.release.cluster.kubectl("get", "pvc", "--output=name").split()
    assert f"persistentvolumeclaim/{NAME}-pvc" in claims
    with pytest.raises(CommandError, match="the data are in CloudNativePG's Cluster"):
        moved.release.upgrade({})


def test_the_way_back_has_what_was_written_since(moved: Instances, folder: Path) -> None:
    release = moved.release
    moved.sql(CUSTOMERS.format(501, 600))
    log = documents.run(documents.blocks("high-availability.md")[BACK], release.cluster, folder)
    assert "swapped    bill_inquiry_db is backup " in log
    assert release.cluster.sql(ROWS) == "600"
    claims = release.cluster.kubectl("get", "pvc", "--output=name").split()
    assert f"persistentvolumeclaim/{NAME}-1" in claims, "the Cluster's volume stays"
    assert release.cluster.get("role,rolebinding")["items"] == [], "and the server's account may do nothing"
