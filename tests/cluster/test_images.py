"""Other images: other user ids, and a volume that another image's entrypoint filled."""

from harness.kubernetes import POD
from harness.on_cluster.release import Release


def test_a_volume_as_bitnamis_image_leaves_it_starts_under_its_user(release: Release) -> None:
    release.install({"image": {"profile": "bitnamilegacy"}})
    release.cluster.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    # Bitnami's image has its configuration outside the data, and a folder that its group may write.
    as_bitnami = "rm $PGDATA/postgresql.conf $PGDATA/pg_hba.conf $PGDATA/pg_ident.conf; chmod 0770 $PGDATA; id -u"
    assert release.cluster.kubectl("exec", POD, "--", "bash", "-c", as_bitnami).strip() == "1001"
    release.cluster.kubectl("delete", f"pod/{POD}", "--wait=true")
    release.cluster.kubectl("wait", f"pod/{POD}", "--for=create", "--timeout=240s")
    release.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")
    assert release.cluster.sql("SELECT answer FROM kept") == "42"
    assert "Succeeded" in release.cluster.helm("test", release.name)
