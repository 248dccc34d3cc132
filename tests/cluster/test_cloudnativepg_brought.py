"""CloudNativePG's servers with secrets that a person brought along, then with cert-manager's; and a failover in a migration."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import yaml
from cryptography import x509

from harness.kubernetes import Cluster
from harness.on_cluster.cert_manager import CA, ISSUER, make_issuer, renew
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.pod_processes import inside_network
from harness.on_cluster.release import Release, merged
from harness.on_cluster.serving import secret, wait_until_served
from harness.on_cluster.working import Worker
from harness.waiting import wait_for
from tests.cluster.test_migrations import ASLEEP, SLOW
from tests.cluster.test_modes import ROLES, WHOAMI, bring_passwords

pytestmark = pytest.mark.local_node
BROUGHT = "certificate"
VALUES: dict[str, Any] = {
    "auth": {
        "existingSecret": "passwords",
        "roles": {"bill_readonly_user": {"existingSecret": "readers"}, "postgres": {"existingSecret": "superuser"}},
    },
    "tls": {"mode": "existingSecret", "existingSecret": BROUGHT},
    "cloudnativepg": {"instances": 2},
}
BY_CERT_MANAGER = {"tls": {"mode": "certManager", "existingSecret": "", "issuerRef": {"name": ISSUER}}}


def bring(cluster: Cluster) -> None:
    """The Secrets that VALUES name; the certificate is one of the company's CA."""
    bring_passwords(cluster)
    superuser = {"username": "postgres", "password": "brought postgres"}
    own = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "superuser"}, "type": "kubernetes.io/basic-auth"}
    domains = ("", f".{cluster.namespace}.svc.cluster.local")
    names = [f"{NAME}{suffix}{domain}" for suffix in ("", "-rw", "-ro", "-r") for domain in domains]
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": BROUGHT},
        "spec": {
            "secretName": BROUGHT,
            "secretTemplate": {"labels": {"cnpg.io/reload": "true"}},
            "dnsNames": names,
            "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
            "issuerRef": {"name": ISSUER},
        },
    }
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all([own | {"stringData": superuser}, certificate]))
    cluster.kubectl("wait", f"certificate/{BROUGHT}", "--for=condition=Ready", "--timeout=240s")


@pytest.fixture(scope="module")
def brought(cloudnativepg: None, cert_manager: None, release: Release) -> Iterator[Instances]:
    """A primary and a replica with what was brought along."""
    make_issuer(release.cluster)
    bring(release.cluster)
    cluster = replace(release.cluster, pod=f"{NAME}-1", container="postgres")
    own = replace(release, cluster=cluster, base=merged(SMALL, VALUES))
    own.install()
    instances = Instances(own)
    instances.wait_healthy()
    yield instances
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


@pytest.fixture
def worker(brought: Instances) -> Iterator[Worker]:
    """A client that knows the company's CA; when the test is done it has met no failure, and no server was restarted."""
    before = brought.lives()
    worker = Worker(brought.release.cluster, secret(brought.release, CA)["tls.crt"], "brought bill_inquiry_user")
    yield worker
    worker.wait_for_turns(5)
    assert worker.stop() == []
    assert brought.lives() == before


def issuer(release: Release, name: str) -> str:
    return x509.load_pem_x509_certificate(secret(release, name)["tls.crt"].encode()).issuer.rfc4514_string()


def test_secrets_that_were_brought_along_are_used_and_a_renewed_certificate_is_served(brought: Instances, worker: Worker) -> None:
    release = brought.release
    names = release.cluster.kubectl("get", "secrets", "--output=name").split()
    assert not {f"secret/{NAME}-{name}" for name in ("secret", "tls", "ca", "superuser")} & set(names)
    tried = "".join(
        f"PGUSER={role} PGPASSWORD='{'of the readers' if role == 'bill_readonly_user' else f'brought {role}'}' {WHOAMI}\n"
        for role in ROLES
    )
    asked = release.ask("asking", f"set -e\n{tried}", {"PGSSLMODE": "require", "PGPASSWORD": ""})
    assert asked == (True, "".join(f"{role}\n" for role in ROLES))
    renew(release.cluster, BROUGHT)
    wait_until_served(release, secret(release, BROUGHT)["tls.crt"])


def test_cert_manager_takes_over_and_the_servers_go_on_copying(brought: Instances, worker: Worker) -> None:
    release = brought.release
    release.upgrade(BY_CERT_MANAGER)
    wait_until_served(release, secret(release, f"{NAME}-tls")["tls.crt"])
    issuers = {name: issuer(release, f"{NAME}-{name}") for name in ("tls", "hook-tls", "replication-tls")}
    assert issuers == {"tls": "CN=company CA", "hook-tls": "CN=billdb_hook CA", "replication-tls": "CN=billdb_hook CA"}
    for pod in brought.replicas():
        brought.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_wal_receiver", pod)
    brought.wait_healthy()
    assert "Succeeded" in release.cluster.helm("test", release.name)


def test_a_migration_whose_primary_is_gone_without_a_word_is_ended_by_the_next_run(brought: Instances) -> None:
    release = brought.release
    brought.sql("INSERT INTO system_config (config_key, config_value) VALUES ('test.sleep', '')")
    with ThreadPoolExecutor(1) as pool:
        upgrade = pool.submit(release.upgrade, merged(BY_CERT_MANAGER, {"schema": {"extraMigrations": SLOW}}))
        wait_for(lambda: brought.sql(ASLEEP) == "1", "the migration to begin", 300)
        brought.sql("DELETE FROM system_config WHERE config_key = 'test.sleep'")
        first = brought.primary()
        inside_network(brought.uid(first), "for way in INPUT OUTPUT; do iptables --append $way --jump DROP; done")
        release.cluster.kubectl("delete", f"pod/{first}", "--grace-period=0", "--force")
        assert "STATUS: deployed" in upgrade.result()
    brought.wait_primary(first)
    brought.wait_healthy()
    applied = "SELECT to_regclass('slow') IS NOT NULL, count(*) FROM audit.schema_migration WHERE version = 9001"
    assert brought.sql(applied) == "t|1"
    pods = release.cluster.get("pods", "--selector=app=bill-inquiry-db-init")["items"]
    assert sorted(pod["status"]["phase"] for pod in pods) == ["Failed", "Succeeded"]
