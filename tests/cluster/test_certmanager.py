"""tls.mode certManager with cert-manager itself: what it signs is served, renewed without a restart, and given back."""

import re

import pytest
from cryptography import x509

from harness.kubernetes import POD, CommandError
from harness.on_cluster.cert_manager import CA, ISSUER, make_issuer, renew
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret, server_state, wait_until_served
from harness.on_cluster.working import Worker

VALUES = {"tls": {"mode": "certManager", "issuerRef": {"name": ISSUER}}}
SERVER = "postgresql-bill-inquiry-tls"
HOOK, HOOK_CA = "postgresql-bill-inquiry-hook-tls", "postgresql-bill-inquiry-hook-ca"


@pytest.fixture(scope="module")
def issued(cert_manager: None, release: Release) -> Release:
    """The release, installed with a certificate of the company's issuer."""
    make_issuer(release.cluster)
    release.install(VALUES)
    return release


def certificate(release: Release, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(secret(release, name)["tls.crt"].encode())


def test_the_server_shows_the_issuers_certificate_and_the_charts_own_client_verifies_it(issued: Release) -> None:
    company = secret(issued, CA)
    assert secret(issued, SERVER)["ca.crt"] == company["tls.crt"]
    certificate(issued, SERVER).verify_directly_issued_by(certificate(issued, CA))
    wait_until_served(issued, secret(issued, SERVER)["tls.crt"])
    assert "Succeeded" in issued.cluster.helm("test", issued.name)


def test_the_schema_job_logs_in_by_a_certificate_of_a_ca_of_its_own(issued: Release) -> None:
    certificate(issued, HOOK).verify_directly_issued_by(certificate(issued, HOOK_CA))
    log = issued.cluster.kubectl("logs", POD, "--container=postgresql")
    assert 'connection authenticated: identity="CN=billdb_hook" method=cert' in log


def test_the_servers_certificate_opens_no_door_for_the_schema_jobs_role(issued: Release) -> None:
    own = secret(issued, SERVER)
    files = " && ".join(f"echo '{own[key]}' > /tmp/{key}" for key in ("tls.crt", "tls.key"))
    environment = {"PGUSER": "billdb_hook", "PGSSLCERT": "/tmp/tls.crt", "PGSSLKEY": "/tmp/tls.key"}
    succeeded, told = issued.ask("intruder", f"umask 077 && {files} && psql -Atc 'SELECT 1'", environment)
    assert not succeeded
    assert "unknown ca" in told


def test_a_renewed_certificate_is_served_without_a_restart_while_a_client_works(issued: Release) -> None:
    before, state = secret(issued, SERVER), server_state(issued)
    worker = Worker(issued.cluster, before["ca.crt"], issued.password("bill_inquiry_user"))
    renew(issued.cluster, SERVER)
    after = secret(issued, SERVER)
    assert (after["tls.crt"] != before["tls.crt"], after["tls.key"] != before["tls.key"]) == (True, True)
    wait_until_served(issued, after["tls.crt"])
    worker.wait_for_turns(5)
    assert worker.stop() == []
    assert server_state(issued) == state


@pytest.mark.parametrize("renewed", [HOOK_CA, HOOK])
def test_an_upgrade_after_a_renewal_logs_in_and_restarts_nothing(issued: Release, renewed: str) -> None:
    state, key = server_state(issued), certificate(issued, HOOK_CA).public_key()
    renew(issued.cluster, renewed)
    assert certificate(issued, HOOK_CA).public_key() == key, "the CA keeps its key, so that what it signed stays valid"
    assert "STATUS: deployed" in issued.upgrade(VALUES)
    assert server_state(issued) == state


def test_another_mode_is_refused_with_a_cure_that_works_and_restarts_nothing(issued: Release) -> None:
    state = server_state(issued)
    with pytest.raises(CommandError) as refusal:
        issued.upgrade()
    cure = re.search(r"but cert-manager made .* run: kubectl (delete .*), then try again", str(refusal.value))
    assert cure, refusal.value
    issued.cluster.kubectl(*cure[1].split())
    assert "STATUS: deployed" in issued.upgrade(timeout="240s")
    assert issued.ask("client", "psql -Atc 'SELECT 1'") == (True, "1\n")
    assert server_state(issued) == state
    assert issued.cluster.kubectl("get", "certificate", "--output=name").split() == [f"certificate.cert-manager.io/{CA}"]


def test_generated_certificates_give_way_to_the_issuers_and_restart_nothing(issued: Release) -> None:
    state, generated = server_state(issued), secret(issued, SERVER)["tls.crt"]
    assert "STATUS: deployed" in issued.upgrade(VALUES, timeout="240s")
    wanted = [f"certificate/{name}" for name in (SERVER, HOOK, HOOK_CA)]
    issued.cluster.kubectl("wait", *wanted, "--for=condition=Ready", "--timeout=240s")
    assert secret(issued, SERVER)["tls.crt"] != generated
    certificate(issued, SERVER).verify_directly_issued_by(certificate(issued, CA))
    certificate(issued, HOOK).verify_directly_issued_by(certificate(issued, HOOK_CA))
    wait_until_served(issued, secret(issued, SERVER)["tls.crt"])
    assert "Succeeded" in issued.cluster.helm("test", issued.name)
    assert "STATUS: deployed" in issued.upgrade(VALUES, timeout="240s")
    assert server_state(issued) == state
