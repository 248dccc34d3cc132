"""Values that would leave a running release's data behind are refused, and the ways that the refusals name keep it."""

import pytest
import yaml

from harness.on_cluster.release import Release

PVC, SECRET = "postgresql-bill-inquiry-pvc", "postgresql-bill-inquiry-secret"
KEPT = "SELECT answer FROM kept"


@pytest.fixture(scope="module")
def filled(database: Release) -> Release:
    """The release with data of its own."""
    database.cluster.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    return database


@pytest.mark.local_node
def test_another_claim_is_refused(filled: Release) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "managed-standard",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "empty"}, "spec": spec}
    filled.cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(claim))
    assert filled.refused("upgrade", {"persistence": {"existingClaim": "empty"}}) == [
        f"persistence.existingClaim: the server would run on the claim empty, but this release's data is on {PVC}; keep that, "
        "or to move, run helm uninstall billdb -n billdb-moved, which keeps data and passwords, then helm install with the other "
        "claim"
    ]


def test_another_database_is_refused_until_it_has_that_name(filled: Release) -> None:
    renamed = {"auth": {"database": "orders"}}
    [refusal] = filled.refused("upgrade", renamed)
    assert refusal.startswith(
        "auth.database: orders, but this release's database is bill_inquiry_db, and the service would find an empty one; "
        "keep that, or rename it while no client is connected: kubectl exec -n billdb-moved postgresql-bill-inquiry-0 -- psql "
    )
    filled.cure(refusal)
    assert "STATUS: deployed" in filled.upgrade(renamed)
    assert filled.cluster.sql(KEPT, "orders") == "42"
    assert filled.cluster.sql("SELECT count(*) FROM pg_database WHERE datname = 'bill_inquiry_db'", "postgres") == "0"
    [refusal] = filled.refused("upgrade")
    filled.cure(refusal)
    assert "STATUS: deployed" in filled.upgrade()
    assert filled.cluster.sql(KEPT) == "42"


def test_another_name_is_refused_and_the_way_there_keeps_data_and_passwords(filled: Release) -> None:
    passwords = filled.passwords()
    assert filled.refused("upgrade", {"fullnameOverride": "orders"}) == [
        "fullnameOverride: it names the server orders, but this release's server is postgresql-bill-inquiry, whose data would "
        "stay behind; set it back, or to move, run helm uninstall billdb -n billdb-moved, which keeps data and passwords, "
        f"then helm install with persistence.existingClaim={PVC} and auth.existingSecret={SECRET} as well"
    ]
    filled.cluster.helm("uninstall", filled.name, "--wait")
    filled.install({
        "fullnameOverride": "orders", "persistence": {"existingClaim": PVC}, "auth": {"existingSecret": SECRET},
    })  # fmt: skip
    assert filled.cluster.sql(KEPT, pod="orders-0") == "42"
    assert filled.passwords() == passwords
    login = {"PGHOST": "orders", "PGSSLMODE": "require", "PGSSLROOTCERT": "/none", "PGUSER": "bill_inquiry_user",
             "PGPASSWORD": passwords["bill_inquiry_user"]}  # fmt: skip
    assert filled.ask("client", "psql -Atc 'SELECT current_user'", login) == (True, "bill_inquiry_user\n")
