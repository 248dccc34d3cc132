"""Other ways to log in, to encrypt and to bring secrets along than the default, each installed and used."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from cryptography import x509

from harness import paths
from harness.kubernetes import Cluster
from harness.on_cluster.certificates import signed
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret

ROLES = (
    "postgres",
    "bill_inquiry_user",
    "bill_readonly_user",
    "bill_backup_user",
    "bill_monitoring_user",
    "bill_maintenance_user",
)
STORED = "SELECT DISTINCT left(rolpassword, 3) FROM pg_authid WHERE rolcanlogin AND rolname <> 'billdb_hook'"
WHOAMI = "psql -Atc 'SELECT current_user'"
SERVICE = {"PGUSER": "bill_inquiry_user"}
BROUGHT: dict[str, dict[str, Any]] = {
    "auth": {"existingSecret": "passwords", "roles": {"bill_readonly_user": {"existingSecret": "readers"}}},
    "tls": {"mode": "existingSecret", "existingSecret": "certificate"},
}  # fmt: skip


@pytest.fixture
def fresh(release: Release) -> Iterator[Release]:
    """The module's release, not installed, in an empty namespace."""
    yield release
    release.remove()


def as_service(release: Release, password: str, **environment: str) -> tuple[bool, str]:
    return release.ask("service", WHOAMI, SERVICE | {"PGPASSWORD": password} | environment)


def make_secret(cluster: Cluster, name: str, content: dict[str, str]) -> None:
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content}
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(made))


def bring_passwords(cluster: Cluster) -> None:
    make_secret(cluster, "passwords", {f"{role.replace('_', '-')}-password": f"brought {role}" for role in ROLES})
    make_secret(cluster, "readers", {"password": "of the readers"})


def bring_certificate(release: Release) -> None:
    """A certificate for the server, signed by a CA of the test's; made from one that the chart generated."""
    release.install()
    ca, own = (secret(release, f"postgresql-bill-inquiry-{name}") for name in ("ca", "tls"))
    release.remove()
    names = x509.load_pem_x509_certificate(own["tls.crt"].encode())
    certificate, key = signed(ca["ca.crt"], ca["ca.key"], like=names, until=datetime.now(UTC) + timedelta(days=30))
    make_secret(release.cluster, "certificate", {"ca.crt": ca["ca.crt"], "tls.crt": certificate, "tls.key": key})


def test_md5_as_the_plan_writes_it_and_back_to_scram(fresh: Release) -> None:
    fresh.install({"auth": {"method": "md5"}})
    password = fresh.password("bill_inquiry_user")
    assert fresh.cluster.sql(STORED) == "md5"
    assert as_service(fresh, password) == (True, "bill_inquiry_user\n")
    refused, told = as_service(fresh, password, PGCHANNELBINDING="require")
    assert (refused, "channel binding" in told) == (False, True)
    fresh.upgrade()
    assert fresh.cluster.sql(STORED) == "SCR"
    assert as_service(fresh, password, PGCHANNELBINDING="require") == (True, "bill_inquiry_user\n")


def test_without_tls_everything_works_and_the_notes_say_so_out_loud(fresh: Release) -> None:
    said = fresh.install({"tls": {"mode": "disabled"}})
    assert "WITHOUT TLS (tls.mode is disabled): passwords and data cross the network in the clear." in said
    assert as_service(fresh, fresh.password("bill_inquiry_user"), PGSSLMODE="disable") == (True, "bill_inquiry_user\n")
    assert "Succeeded" in fresh.cluster.helm("test", fresh.name)
    before = fresh.password()
    fresh.upgrade({"tls": {"mode": "disabled"}, "auth": {"postgresPassword": "changed"}})
    assert fresh.ask("superuser", WHOAMI, {"PGSSLMODE": "disable", "PGPASSWORD": "changed"}) == (True, "postgres\n")
    assert not fresh.ask("former", WHOAMI, {"PGSSLMODE": "disable", "PGPASSWORD": before})[0]


def test_secrets_that_were_brought_along_are_used_and_followed(fresh: Release) -> None:
    bring_certificate(fresh)
    bring_passwords(fresh.cluster)
    fresh.install(BROUGHT)
    names = fresh.cluster.kubectl("get", "secrets", "--output=name").split()
    assert not {"secret/postgresql-bill-inquiry-secret", "secret/postgresql-bill-inquiry-tls"} & set(names)
    ask = {"PGSSLMODE": "require", "PGDATABASE": "bill_inquiry_db"}
    for role in ROLES:
        password = "of the readers" if role == "bill_readonly_user" else f"brought {role}"
        assert fresh.ask("asking", WHOAMI, ask | {"PGUSER": role, "PGPASSWORD": password}) == (True, f"{role}\n")
    make_secret(fresh.cluster, "readers", {"password": "rotated by its owner"})
    fresh.upgrade(BROUGHT)
    rotated = ask | {"PGUSER": "bill_readonly_user", "PGPASSWORD": "rotated by its owner"}
    assert fresh.ask("asking", WHOAMI, rotated) == (True, "bill_readonly_user\n")


def test_what_is_rendered_without_a_cluster_installs_and_stays_the_same(fresh: Release) -> None:
    bring_certificate(fresh)
    bring_passwords(fresh.cluster)
    make_secret(fresh.cluster, "repository", {"password": "of the backups"})
    backup = {"repository": {"passwordSecret": "repository"}}
    values = yaml.safe_dump(BROUGHT | {"schema": {"login": "password"}, "storageClass": {"create": False}, "backup": backup})
    render = ("template", "billdb", str(paths.CHART), "--no-hooks", "--values=-")
    first, second = (fresh.cluster.run("helm", *render, stdin=values) for _ in range(2))
    assert first == second
    fresh.cluster.kubectl("apply", "--filename=-", stdin=first)
    fresh.cluster.kubectl("rollout", "status", "statefulset/postgresql-bill-inquiry", "--timeout=240s")
    only = ("--show-only=templates/schema/job.yaml", "--values=-")
    hooks = fresh.cluster.run("helm", "template", "billdb", str(paths.CHART), *only, stdin=values)
    fresh.cluster.kubectl("apply", "--filename=-", stdin=hooks)
    fresh.cluster.kubectl("wait", "job/bill-inquiry-db-init", "--for=condition=Complete", "--timeout=240s")
    assert fresh.cluster.sql("SELECT count(*) FROM system_config") == "13"
    assert "unchanged" in fresh.cluster.kubectl("apply", "--filename=-", stdin=second)
    fresh.cluster.kubectl("delete", "--filename=-", "--wait=true", stdin=first)


def test_secrets_that_come_later_are_waited_for(fresh: Release) -> None:
    auth = {"existingSecret": "passwords", "waitForSecrets": True}
    values = yaml.safe_dump({"auth": auth, "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}}})
    install = ("helm", "install", "billdb", str(paths.CHART), "--no-hooks", "--values=-")
    make_secret(fresh.cluster, "passwords", {"postgres-password": "the first that comes"})
    fresh.cluster.run(*install, stdin=values)
    bring_passwords(fresh.cluster)
    fresh.cluster.kubectl("rollout", "status", "statefulset/postgresql-bill-inquiry", "--timeout=240s")
    fresh.upgrade({"auth": auth})
    assert as_service(fresh, "brought bill_inquiry_user") == (True, "bill_inquiry_user\n")
