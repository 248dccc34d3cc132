"""Alerts of what a person does with a release, or does not do: certificates, migrations, CronJobs and old versions."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from harness.kubernetes import CommandError
from harness.local import cluster, images, node
from harness.on_cluster.certificates import signed
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from harness.on_cluster.serving import secret, wait_until_served
from harness.waiting import wait_for
from tests.cluster.alerting import tuned, understood, untold
from tests.cluster.test_rotation import SERVER_CA, SERVER_TLS, patch_secret

pytestmark = pytest.mark.local_node  # it loads images

FIRES = {
    "BilldbCertificateEnds": "test_a_certificate_near_its_end_is_told_of_until_an_upgrade_renews_it",
    "BilldbCronJobMissed": "test_a_cronjob_that_a_quota_keeps_from_starting_is_told_of",
    "BilldbSchemaJobFailed": "test_a_failed_migration_is_told_of_until_an_upgrade_succeeds",
    "BilldbEndOfLife": "test_a_version_that_has_ended_is_told_of_until_the_data_moved_to_a_newer_one",
}
EVERY_MINUTE = "bill-inquiry-delete-expired-cache"
# A run that is on time is done within its minute.
FOR = {"BilldbCronJobMissed": {"for": "40s"}, "BilldbCertificateEnds": {}, "BilldbSchemaJobFailed": {}, "BilldbEndOfLife": {}}
VALUES = merged(merged(WATCHED, {"backup": {"enabled": False}, "retention": {"cache": {"schedule": "* * * * *"}}}), tuned(FOR))


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, release: Release) -> Release:
    release.install(VALUES)
    monitoring.wait_watched(release)
    return release


def asked_anew(release: Release) -> None:
    """Have a new exporter ask the server now: what one knows about certificates is good for a minute."""
    deployment = "deployment/postgresql-bill-inquiry-metrics"
    release.cluster.kubectl("rollout", "restart", deployment)
    release.cluster.kubectl("rollout", "status", deployment, "--timeout=120s")


def test_a_cronjob_that_a_quota_keeps_from_starting_is_told_of(watched: Release, monitoring: Monitoring) -> None:
    # One that began before there was a schema failed, and was told of.
    wait_for(
        lambda: watched.cluster.get(f"cronjob/{EVERY_MINUTE}")["status"].get("lastSuccessfulTime"), "a run that is well", 240
    )
    untold(watched, monitoring, "BilldbCronJobMissed")
    watched.cluster.kubectl("create", "quota", "no-more-jobs", "--hard=count/jobs.batch=0")
    message = monitoring.wait_firing(watched, "BilldbCronJobMissed", {"cronjob": EVERY_MINUTE})
    understood(message, EVERY_MINUTE, "ago")
    watched.cluster.kubectl("delete", "quota", "no-more-jobs")
    monitoring.wait_cleared(watched, "BilldbCronJobMissed", {"cronjob": EVERY_MINUTE})


def test_a_certificate_near_its_end_is_told_of_until_an_upgrade_renews_it(watched: Release, monitoring: Monitoring) -> None:
    untold(watched, monitoring, "BilldbCertificateEnds")  # as it is of a server that was asked before it had the schema
    ca, now = secret(watched, SERVER_CA), secret(watched, SERVER_TLS)["tls.crt"]
    end = datetime.now(UTC) + timedelta(days=20, hours=12)
    certificate, key = signed(ca["ca.crt"], ca["ca.key"], x509.load_pem_x509_certificate(now.encode()), end)
    patch_secret(watched, SERVER_TLS, {"tls.crt": certificate, "tls.key": key}, {"billdb/not-after": f"{end:%Y-%m-%d}"})
    wait_until_served(watched, certificate)
    asked_anew(watched)
    message = monitoring.wait_firing(watched, "BilldbCertificateEnds", {"certificate": "server"})
    understood(message, "certificate server", "20.5 days")
    watched.upgrade(VALUES, "--force-conflicts")  # this test, not helm, wrote the one that ends
    wait_until_served(watched, secret(watched, SERVER_TLS)["tls.crt"])
    asked_anew(watched)
    monitoring.wait_cleared(watched, "BilldbCertificateEnds", {"certificate": "server"})


def test_a_failed_migration_is_told_of_until_an_upgrade_succeeds(watched: Release, monitoring: Monitoring) -> None:
    with pytest.raises(CommandError, match="bill-inquiry-db-init"):
        watched.upgrade(merged(VALUES, {"schema": {"extraMigrations": {"V9001__wrong.sql": "SELECT 1 / 0;"}}}))
    understood(monitoring.wait_firing(watched, "BilldbSchemaJobFailed"), "bill-inquiry-db-init failed")
    watched.upgrade(VALUES)
    monitoring.wait_cleared(watched, "BilldbSchemaJobFailed")


def test_a_version_that_has_ended_is_told_of_until_the_data_moved_to_a_newer_one(
    watched: Release, monitoring: Monitoring
) -> None:
    understood(monitoring.wait_firing(watched, "BilldbEndOfLife"), "PostgreSQL 14", "past its end of life")
    running = node.first()
    cluster.load(running, images.archives(["18"]))
    watched.upgrade(merged(VALUES, {"image": {"tag": 18}, "persistence": {"volume": 18}}))
    monitoring.wait_cleared(watched, "BilldbEndOfLife")
