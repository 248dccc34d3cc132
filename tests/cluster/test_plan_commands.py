"""The commands of sections 7.3, 8.2, 8.3 and 9.2 of the install plan, as they are written, in namespace phonebill-dev."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pexpect
import pytest
from pytest_helm_charts.clusters import Cluster as KubeCluster

from harness import install
from harness.kubernetes import Cluster

STATE = [
    ("kubectl get pods -l app=postgresql-bill-inquiry", "postgresql-bill-inquiry-0"),
    ("kubectl describe pod postgresql-bill-inquiry-0", "docker.io/library/postgres:14"),
    ("kubectl logs postgresql-bill-inquiry-0", "database system is ready to accept connections"),
    ("kubectl logs postgresql-bill-inquiry-0 --tail=100", "LOG:"),
    ("kubectl get service postgresql-bill-inquiry", "5432/TCP"),
    ("kubectl get endpoints postgresql-bill-inquiry", ":5432"),
    ("kubectl get pvc postgresql-bill-inquiry-pvc", "managed-standard"),
    ("kubectl describe pvc postgresql-bill-inquiry-pvc", "20Gi"),
    ("kubectl get configmap postgresql-bill-inquiry-config -o yaml", "POSTGRES_DB: bill_inquiry_db"),
    ("kubectl get secret postgresql-bill-inquiry-secret -o yaml", "postgres-password:"),
    ("kubectl get pv", "phonebill-dev/postgresql-bill-inquiry-pvc"),
    ("kubectl get statefulset", "postgresql-bill-inquiry   1/1"),
    ("kubectl logs -f job/bill-inquiry-db-init", "is ready"),
]  # fmt: skip
SESSION = [
    (
        r"\dt",
        [
            "bill_info_cache",
            "bill_inquiry_history",
            "customer_info",
            "kos_inquiry_history",
            "system_config",
            "(5 rows)",
        ],
    ),
    ("SELECT COUNT(*) FROM system_config;", [" 13"]),
    ("SELECT config_key, config_value FROM system_config LIMIT 5;", ["(5 rows)"]),
]


pytestmark = pytest.mark.local_node  # the plan's namespace is not ours on another cluster


@pytest.fixture(scope="module")
def environment(kube_cluster: KubeCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A shell's environment after section 7.1: the current context's namespace is phonebill-dev, where the chart is installed."""
    kubeconfig = tmp_path_factory.mktemp("plan") / "kubeconfig"
    shutil.copy(Path(kube_cluster.kube_config_path), kubeconfig)
    cluster = Cluster(kubeconfig, install.NAMESPACE)
    installed = install.status(cluster) != ""
    # What a release that was uninstalled left in the namespace is somebody's data.
    namespace_is_ours = not cluster.kubectl("get", f"namespace/{install.NAMESPACE}", "--ignore-not-found")
    if not installed:
        install.install(cluster)
    cluster.kubectl("config", "set-context", "--current", "--namespace=phonebill-dev")
    yield cluster.environment | {"PAGER": "cat", "TERM": "dumb"}
    if not installed:
        cluster.helm("uninstall", install.RELEASE, "--wait")
    if namespace_is_ours:
        cluster.kubectl("delete", "namespace", install.NAMESPACE, "--wait=false")


def shell(command: str, environment: dict[str, str], folder: Path | None = None) -> str:
    done = subprocess.run(["bash", "-c", command], env=environment, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("command", "expected"), STATE, ids=[command for command, _ in STATE])
def test_command_shows_what_the_plan_promises(environment: dict[str, str], command: str, expected: str) -> None:
    assert expected in shell(command, environment)


def converse(child: "pexpect.spawn[str]") -> None:
    for query, expected in SESSION:
        child.expect_exact("bill_inquiry_db=# ")
        child.sendline(query)
        for text in expected:
            child.expect_exact(text)
    child.expect_exact("bill_inquiry_db=# ")
    child.sendline(r"\q")
    child.expect(pexpect.EOF)


def test_psql_inside_the_pod_asks_for_no_password(environment: dict[str, str]) -> None:
    command = "kubectl exec -it postgresql-bill-inquiry-0 -- psql -U postgres -d bill_inquiry_db"
    converse(pexpect.spawn(command, env=environment, timeout=120, encoding="utf-8", dimensions=(50, 200)))


def test_a_client_pod_gets_in_with_the_password(environment: dict[str, str]) -> None:
    command = (
        "kubectl run test-client --rm -it --image=postgres:14 --restart=Never -- "
        "psql -h postgresql-bill-inquiry.phonebill-dev.svc.cluster.local -U postgres -d bill_inquiry_db"
    )
    password = shell(
        "kubectl get secret postgresql-bill-inquiry-secret -o jsonpath='{.data.postgres-password}' | base64 -d",
        environment,
    )
    child = pexpect.spawn(command, env=environment, timeout=120, encoding="utf-8", dimensions=(50, 200))
    child.expect_exact("Password for user postgres:")
    child.sendline(password)
    child.expect_exact("SSL connection (protocol: TLSv1.3")
    converse(child)


def test_the_log_can_be_searched_for_errors(environment: dict[str, str]) -> None:
    shell(
        "kubectl exec postgresql-bill-inquiry-0 -- psql -U postgres -c 'SELECT * FROM no_such_table' || true",
        environment,
    )
    found = shell("kubectl logs postgresql-bill-inquiry-0 | grep ERROR", environment)
    assert 'relation "no_such_table" does not exist' in found


def test_the_log_can_be_followed(environment: dict[str, str]) -> None:
    child = pexpect.spawn("kubectl logs -f postgresql-bill-inquiry-0", env=environment, timeout=120, encoding="utf-8")
    child.expect_exact("database system is ready to accept connections")
    caller = f"caller-{uuid4()}"  # who comes only while the log is followed
    shell(f"kubectl exec postgresql-bill-inquiry-0 -- env PGAPPNAME={caller} psql -U postgres -c 'SELECT 1'", environment)
    child.expect_exact(f"application_name={caller}")
    child.close(force=True)


def test_the_manual_backup_is_a_dump_that_restores(environment: dict[str, str], tmp_path: Path) -> None:
    shell(
        "kubectl exec postgresql-bill-inquiry-0 -- pg_dump -U postgres bill_inquiry_db > bill_inquiry_backup_$(date +%Y%m%d).sql",
        environment,
        tmp_path,
    )
    [dump] = tmp_path.glob("bill_inquiry_backup_*.sql")
    psql = "kubectl exec -i postgresql-bill-inquiry-0 -- psql -q -v ON_ERROR_STOP=1 -U postgres"
    shell(f"{psql} -c 'CREATE DATABASE restored TEMPLATE template0'", environment)
    try:
        shell(f"{psql} -d restored < {dump}", environment)
        answer = shell(f"{psql} -d restored -Atc 'SELECT count(*) FROM system_config'", environment)
        assert answer.strip() == "13"
    finally:
        shell(f"{psql} -c 'DROP DATABASE restored'", environment)


def test_a_rollout_restart_brings_the_database_back(environment: dict[str, str]) -> None:
    shell("kubectl rollout restart statefulset/postgresql-bill-inquiry", environment)
    shell("kubectl rollout status statefulset/postgresql-bill-inquiry --timeout=240s", environment)
