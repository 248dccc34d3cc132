"""Passwords and certificates that change while a client works: no request of it fails."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from cryptography import x509

from harness.kubernetes import CommandError
from harness.on_cluster.certificates import signed
from harness.on_cluster.release import Release
from harness.on_cluster.serving import HANDSHAKE, secret, server_state, wait_until_served
from harness.on_cluster.working import Worker

SERVER_TLS, SERVER_CA = "postgresql-bill-inquiry-tls", "postgresql-bill-inquiry-ca"
QUOTES = 'it\'s "new" $HOME \\ 비밀'


def patch_secret(release: Release, name: str, data: dict[str, str], annotations: dict[str, str] | None = None) -> None:
    """Change a Secret as a person or an operator does, not as helm."""
    patch: dict[str, Any] = {"data": {key: b64encode(value.encode()).decode() for key, value in data.items()}}
    if annotations:
        patch["metadata"] = {"annotations": annotations}
    release.cluster.kubectl("patch", f"secret/{name}", f"--patch={yaml.safe_dump(patch)}")


@pytest.fixture
def worker(database: Release) -> Iterator[Worker]:
    """A client at work as the service; when the test is done it has met no failure."""
    ca = secret(database, SERVER_TLS)["ca.crt"]
    worker = Worker(database.cluster, ca, database.password("bill_inquiry_user"))
    before = server_state(database)
    yield worker
    worker.wait_for_turns(5)
    assert worker.stop() == []
    assert server_state(database) == before


def logs_in(release: Release, role: str, password: str) -> bool:
    environment = {"PGUSER": role, "PGPASSWORD": password, "PGDATABASE": "bill_inquiry_db"}
    succeeded, log = release.ask("asking", "psql -Atc 'SELECT current_user'", environment)
    assert succeeded or "password authentication failed" in log
    return succeeded


def test_another_roles_password_is_rotated(database: Release, worker: Worker) -> None:
    old = database.password("bill_readonly_user")
    database.upgrade({"auth": {"roles": {"bill_readonly_user": {"password": QUOTES}}}})
    assert database.password("bill_readonly_user") == QUOTES
    assert logs_in(database, "bill_readonly_user", QUOTES)
    assert not logs_in(database, "bill_readonly_user", old)


def test_the_superusers_password_is_rotated(database: Release, worker: Worker) -> None:
    old = database.password()
    database.upgrade({"auth": {"postgresPassword": QUOTES}})
    assert logs_in(database, "postgres", QUOTES)
    assert not logs_in(database, "postgres", old)


def test_an_operators_change_of_the_secret_is_followed_by_the_next_upgrade(database: Release, worker: Worker) -> None:
    patch_secret(database, "postgresql-bill-inquiry-secret", {"bill-backup-user-password": "operator"})
    database.upgrade()
    assert logs_in(database, "bill_backup_user", "operator")
    by_value = {"auth": {"roles": {"bill_backup_user": {"password": "by value"}}}}
    with pytest.raises(CommandError, match='conflict with "kubectl-patch"'):
        database.upgrade(by_value)
    assert logs_in(database, "bill_backup_user", "operator"), "nothing was touched"
    database.upgrade(by_value, "--force-conflicts")
    assert logs_in(database, "bill_backup_user", "by value")


def test_a_rotation_that_stopped_half_way_is_finished_by_the_next_run(database: Release, worker: Worker) -> None:
    database.cluster.sql("UPDATE audit.schema_migration SET sha256 = 'x' || sha256 WHERE version = 3")
    new = {role: {"password": f"new {role}"} for role in ("bill_readonly_user", "bill_monitoring_user")}
    with pytest.raises(CommandError, match="bill-inquiry-db-init"):
        database.upgrade({"auth": {"roles": new}})
    database.cluster.sql("UPDATE audit.schema_migration SET sha256 = substr(sha256, 2) WHERE version = 3")
    database.upgrade()
    for role, own in new.items():
        assert logs_in(database, role, own["password"])


def test_the_services_own_password_is_rotated_and_its_open_sessions_stay(database: Release) -> None:
    worker = Worker(database.cluster, secret(database, SERVER_TLS)["ca.crt"], database.password("bill_inquiry_user"))
    database.upgrade({"auth": {"roles": {"bill_inquiry_user": {"password": "rotated"}}}})
    worker.use_password("rotated")
    worker.wait_for_turns(5)
    failures = worker.stop()
    assert [failure for failure in failures if failure.startswith("FAILED kept")] == []
    assert all("password authentication failed" in failure for failure in failures), "only until it was told the new one"


def test_a_certificate_near_its_end_is_renewed_by_an_upgrade_and_served_without_a_restart(
    database: Release, worker: Worker
) -> None:
    before = secret(database, SERVER_TLS)
    database.upgrade({"tls": {"renewBeforeDays": 1000, "validityDays": 2000}})
    after = secret(database, SERVER_TLS)
    assert after["tls.crt"] != before["tls.crt"]
    assert after["ca.crt"] == before["ca.crt"], "clients that trust the CA stay valid"
    wait_until_served(database, after["tls.crt"])


def test_a_ca_near_its_end_is_renewed_with_its_key_so_that_old_clients_stay_valid(database: Release, worker: Worker) -> None:
    before = secret(database, SERVER_CA)
    database.upgrade({"tls": {"renewBeforeDays": 4000, "validityDays": 5000, "caValidityDays": 6000}})
    after = secret(database, SERVER_CA)
    assert after["ca.crt"] != before["ca.crt"]
    assert after["ca.key"] == before["ca.key"]
    wait_until_served(database, secret(database, SERVER_TLS)["tls.crt"])


def test_an_expired_certificate_is_refused_by_clients_and_mended_by_an_upgrade(database: Release) -> None:
    ca, good = secret(database, SERVER_CA), secret(database, SERVER_TLS)
    names = x509.load_pem_x509_certificate(good["tls.crt"].encode())
    certificate, key = signed(ca["ca.crt"], ca["ca.key"], like=names, until=datetime.now(UTC) - timedelta(days=1))
    patch_secret(database, SERVER_TLS, {"tls.crt": certificate, "tls.key": key}, {"billdb/not-after": "2020-01-01"})
    wait_until_served(database, certificate)
    succeeded, log = database.ask("client", "psql -Atc 'SELECT 1'")
    assert not succeeded
    assert "certificate verify failed" in log
    _, reason = database.ask("client", f"{HANDSHAKE} -CAfile /tls/ca.crt < /dev/null 2>&1")
    assert "Verify return code: 10 (certificate has expired)" in reason
    database.upgrade(None, "--force-conflicts")  # this test, not helm, wrote the expired one
    wait_until_served(database, secret(database, SERVER_TLS)["tls.crt"])
    assert database.ask("client", "psql -Atc 'SELECT 1'") == (True, "1\n")
