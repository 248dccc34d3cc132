"""A release over what another release or the plan's own commands left: all is named, and the way keeps data and passwords."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from harness import paths
from harness.kubernetes import POD
from harness.on_cluster.release import SMALL, Release

PLAN = paths.ROOT / "tests" / "render" / "seed"
SERVER = "postgresql-bill-inquiry"
# What the plan's image does on an empty volume, with its settings beside the data, and then for ever.
BITNAMI = """
set -e
if [ ! -e $PGDATA ]; then
  initdb --username=postgres --pwfile=<(echo "$POSTGRES_PASSWORD") --encoding=UTF8 --locale=C.UTF-8 --auth=scram-sha-256
  echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres
fi
rm -f $PGDATA/postgresql.conf $PGDATA/pg_hba.conf
echo 'local all all trust' > /tmp/hba; : > /tmp/conf
exec postgres -c config_file=/tmp/conf -c hba_file=/tmp/hba -c unix_socket_directories=/tmp -c listen_addresses=127.0.0.1
"""
DOCUMENT = (paths.ROOT / "docs" / "clusters.md").read_text()
ASIDE = DOCUMENT.partition("<<'SQL'\n")[2].partition("   SQL\n")[0]


@pytest.fixture
def fresh(release: Release) -> Iterator[Release]:
    """The module's release, not installed, in an empty namespace."""
    yield release
    release.remove()


def test_a_release_of_another_name_finds_data_and_passwords_again(fresh: Release) -> None:
    fresh.install()
    fresh.cluster.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    passwords = fresh.passwords()
    other = replace(fresh, name="other")
    assert other.refused("install") == [
        f"fullnameOverride: the release billdb of this namespace has a server {SERVER}; choose another name for a second "
        "database, or take over its data: helm uninstall billdb -n billdb-taken-over, then try again"
    ]
    fresh.cluster.helm("uninstall", fresh.name, "--wait")
    [refusal] = other.refused("install")
    kept = [
        f"persistentvolumeclaim/{SERVER}-pvc",
        *(f"secret/{SERVER}-{n}" for n in ("secret", "ca", "tls", "hook-ca", "hook-tls", "backup-secret")),
    ]
    assert refusal.startswith(
        f"release other: it did not make {' '.join(kept)} in namespace billdb-taken-over; to take over data and passwords, run: "
    )
    other.cure(refusal)
    other.install()
    assert other.cluster.sql("SELECT answer FROM kept") == "42"
    assert other.passwords() == passwords
    assert other.ask("client", "psql -Atc 'SELECT answer FROM kept'") == (True, "42\n")
    other.cluster.helm("uninstall", other.name, "--wait")


def plans(name: str) -> dict[str, Any]:
    """An object of the plan, for the module's namespace; its server runs as Bitnami's image does, in the image that is there."""
    found: dict[str, Any] = yaml.safe_load((PLAN / f"{name}.yaml").read_text())
    del found["metadata"]["namespace"]
    if name == "statefulset":
        pod = found["spec"]["template"]["spec"]
        seccomp = {"type": "RuntimeDefault"}
        pod["securityContext"] = {"runAsUser": 1001, "runAsNonRoot": True, "fsGroup": 1001, "seccompProfile": seccomp}
        [container] = pod["containers"]
        container |= {"image": "docker.io/library/postgres:14", "command": ["bash", "-c", BITNAMI], **SMALL}
        container["env"].append({"name": "PGDATA", "value": "/bitnami/postgresql/data"})
        pod["volumes"].append({"name": "passwd", "configMap": {"name": "passwd"}})
        container["volumeMounts"].append({"name": "passwd", "mountPath": "/etc/passwd", "subPath": "passwd"})
        container["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return found


def test_the_plans_own_objects_are_taken_over_with_data_and_password(fresh: Release) -> None:
    fresh.cluster.kubectl("create", "configmap", "passwd", "--from-literal=passwd=postgres:x:1001:1001::/tmp:/bin/bash")
    names = ("secret", "configmap", "pvc", "service", "statefulset", "schema-configmap")
    fresh.cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all([plans(name) for name in names]))
    fresh.cluster.kubectl("wait", f"pod/{POD}", "--for=create", "--timeout=240s")
    fresh.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")
    inside = ["exec", POD, "--", "psql", "--host=/tmp", "--username=postgres", "--dbname=bill_inquiry_db", "--quiet", "--command"]
    script: str = plans("job")["spec"]["template"]["spec"]["containers"][0]["args"][1]
    table = script[script.index("CREATE TABLE") : script.index("-- 기타 테이블")]
    row = "INSERT INTO customer_info (customer_id, line_number, operator_code, expires_at) VALUES ('1', '010', 'A', now())"
    fresh.cluster.kubectl(*inside, f"{table}; {row}")
    fresh.cluster.kubectl(*inside, ASIDE)
    [refusal] = fresh.refused("install", {"image": {"profile": "bitnamilegacy"}})
    configs = f"configmap/{SERVER}-config configmap/bill-inquiry-schema-script"
    holding = f"persistentvolumeclaim/{SERVER}-pvc secret/{SERVER}-secret"
    assert refusal.startswith(
        f"release billdb: it did not make {configs} service/{SERVER} statefulset/{SERVER} {holding} in namespace "
    )
    fresh.cure(refusal)
    fresh.install({"image": {"profile": "bitnamilegacy"}})
    assert fresh.password() == "Hi5Jessica!"
    fresh.cluster.sql("INSERT INTO customer_info SELECT * FROM plan.customer_info")
    query = "psql -Atc 'SELECT customer_id, line_number FROM customer_info'"
    assert fresh.ask("client", query) == (True, "1|010\n")
