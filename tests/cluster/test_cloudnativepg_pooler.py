"""PgBouncer in front of CloudNativePG's primary: who comes in, by which password, and that prepared statements work there."""

import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from harness import storage
from harness.kubernetes import CommandError
from harness.on_cluster import documents, writers
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.fault_run import FaultRun
from harness.on_cluster.forwarded import forwarded
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.pods import standing
from harness.on_cluster.pooler import POOLER, Pool
from harness.on_cluster.release import SMALL as SMALL_PODS
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for
from tests.cluster.test_cloudnativepg_move import POOLER as POOLER_BLOCK

WRONG, UNKNOWN = "SASL authentication failed", "no such user"
# As pg_rewind does.
CERTIFICATES = "/controller/certificates"
COMES_BACK = (
    f"host={NAME}-rw user=streaming_replica dbname=postgres sslmode=verify-ca sslrootcert={CERTIFICATES}/server-ca.crt"
    f" sslcert={CERTIFICATES}/streaming_replica.crt sslkey={CERTIFICATES}/streaming_replica.key"
)
ASKS = ("--no-psqlrc", "--no-align", "--tuples-only", "--command=SELECT NOT pg_is_in_recovery()")
APPLICATION = {"tier": "application"}
# One connection to the server, whatever the number of clients: what one of them leaves behind the others meet.
VALUES = merged(SMALL, {
    "cloudnativepg": {"instances": 2, "pooler": {"enabled": True, "instances": 1, "parameters": {"default_pool_size": 1}}},
    "postgresql": {"parameters": {"max_connections": 25, "reserved_connections": 3}},
    "networkPolicy": {"from": [{"podSelector": {"matchLabels": APPLICATION}}]},
})  # fmt: skip


@pytest.fixture(scope="module")
def pool(cloudnativepg: None, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    yield Pool.install(release, VALUES, tmp_path_factory.mktemp("pooler"))
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def refusal(pool: Pool, user: str = "bill_inquiry_user", **options: Any) -> str:
    """What a client is told that is not let in."""
    with pytest.raises(psycopg.OperationalError) as refused, pool.client(user, **options):
        pass
    return str(refused.value)


def test_clients_that_prepare_the_same_names_share_one_connection(pool: Pool) -> None:
    answers = set()
    with ExitStack() as held:
        clients = [held.enter_context(pool.client(autocommit=True, prepare_threshold=0)) for _ in range(3)]
        for _ in range(2):
            for number, client in enumerate(clients):  # each calls its first statement _pg3_0
                query = f"SELECT {number}, pg_backend_pid() FROM system_config WHERE config_key <> %s LIMIT 1"
                row = client.execute(query, ("no such key",)).fetchone()
                assert row
                assert row[0] == number
                answers.add(row[1])
    assert len(answers) == 1


def test_a_transaction_keeps_its_connection_and_a_write_is_there(pool: Pool) -> None:
    with pool.client() as client:
        client.execute("SET LOCAL work_mem = '3MB'")
        assert client.execute("SHOW work_mem").fetchone() == ("3MB",)
        row = ("pooled.row", "1", "STRING")
        client.execute("INSERT INTO system_config (config_key, config_value, config_type) VALUES (%s, %s, %s)", row)
    assert Instances(pool.release).sql("SELECT config_value FROM system_config WHERE config_key = 'pooled.row'") == "1"


def test_it_talks_to_the_server_over_tls_with_a_certificate_of_its_own(pool: Pool) -> None:
    query = "SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    with pool.client() as client:
        assert client.execute(query).fetchone() == (True, "/CN=cnpg_pooler_pgbouncer")
    told = "SELECT ends_at > now() + interval '30 days' FROM audit.certificates() WHERE certificate = 'pooler'"
    wait_for(lambda: Instances(pool.release).sql(told) == "t", "the server to tell of that certificate's end")


@pytest.mark.parametrize(("user", "options", "told"), [
    ("bill_inquiry_user", {"sslmode": "disable"}, "SSL required"),
    ("bill_inquiry_user", {"password": "wrong"}, WRONG),
    ("postgres", {}, UNKNOWN),
    ("bill_backup_user", {}, UNKNOWN),
    ("bill_inquiry_owner", {"password": "guessed"}, UNKNOWN),
    ("cnpg_pooler_pgbouncer", {"password": "guessed"}, "password authentication failed"),
    ("bill_inquiry_user", {"dbname": "postgres"}, "pg_hba.conf rejects connection"),
], ids=lambda value: str(value)[:40])  # fmt: skip
def test_it_turns_away(pool: Pool, user: str, options: dict[str, Any], told: str) -> None:
    assert told in refusal(pool, user, **options)


def test_a_password_that_changed_in_the_server_is_the_one_that_it_asks_for(pool: Pool) -> None:
    instances = Instances(pool.release)
    instances.sql("CREATE ROLE reporter LOGIN PASSWORD 'first'")
    instances.sql("GRANT CONNECT ON DATABASE bill_inquiry_db TO reporter")
    with pool.client("reporter", password="first") as client:
        client.execute("SELECT 1")
    instances.sql("ALTER ROLE reporter PASSWORD 'second'")
    assert WRONG in refusal(pool, "reporter", password="first")
    with pool.client("reporter", password="second") as client:
        client.execute("SELECT 1")


def test_its_service_answers_those_whom_the_server_answers(pool: Pool) -> None:
    cluster = pool.release.cluster
    files = {"ca.crt": pool.ca.read_text()}
    login = {
        "PGHOST": f"{POOLER}.{cluster.namespace}.svc.cluster.local",
        "PGUSER": "bill_inquiry_user",
        "PGPASSWORD": pool.release.password("bill_inquiry_user"),
        "PGDATABASE": "bill_inquiry_db",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/tmp/ca.crt",
    }
    environment = [f"{name}={value}" for name, value in login.items()]

    def ask(pod: str, seconds: int) -> str:
        psql = (f"PGCONNECT_TIMEOUT={seconds}", "psql", "--no-psqlrc", "-At", "--command=SELECT 1")
        return cluster.kubectl("exec", pod, "--", "env", *environment, *psql)

    assert ask(standing(cluster, "application", APPLICATION, files), 60).strip() == "1"
    with pytest.raises(CommandError, match="timeout expired"):
        ask(standing(cluster, "stranger", {}, files), 10)


def test_it_tells_of_its_clients_in_prometheus_words(pool: Pool) -> None:
    with pool.client() as client, forwarded(pool.release.cluster, f"deployment/{POOLER}", 9127) as port:
        client.execute("SELECT 1")
        told = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20).read().decode()
    assert 'cnpg_pgbouncer_pools_cl_active{database="bill_inquiry_db",user="bill_inquiry_user"} 1' in told


def test_who_writes_through_it_goes_on_with_another_primary_and_loses_nothing(pool: Pool) -> None:
    run = FaultRun(Instances(pool.release), seed=1)
    run.instances.sql(writers.TABLE)
    password = pool.release.password("bill_inquiry_user")
    writer = writers.start(pool.release.cluster, 1, pool.ca.read_text(), password, POOLER, labels=APPLICATION)
    before = run.instances.primary()
    run.run(["primary_deleted_by_force"], [writer])
    assert run.instances.primary() != before
    assert run.end() == {1: set()}


def test_a_server_that_comes_back_is_let_in_when_clients_have_all_other_connections(pool: Pool) -> None:
    instances = Instances(pool.release)
    login: dict[str, Any] = {"user": "bill_inquiry_user", "password": pool.release.password("bill_inquiry_user")}
    login |= {"host": "127.0.0.1", "dbname": "bill_inquiry_db", "sslmode": "require", "connect_timeout": 20}
    with ExitStack() as held, forwarded(pool.release.cluster, f"pod/{instances.primary()}", 5432) as port:

        def take_all() -> None:
            while True:
                held.enter_context(psycopg.connect(port=port, **login))

        with pytest.raises(psycopg.OperationalError, match="remaining connection slots are reserved"):
            take_all()
        [replica] = instances.replicas()
        assert pool.release.cluster.kubectl("exec", replica, "--container=postgres", "--", "psql", COMES_BACK, *ASKS) == "t\n"


def test_the_documents_commands_switch_it_on_and_a_second_run_finds_everything_as_it_should_be(
    pool: Pool, tmp_path: Path
) -> None:
    values = merged(SMALL_PODS, VALUES)
    for file in storage.presets(pool.release.cluster):
        values = merged(yaml.safe_load(file.read_text()), values)
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    told = documents.run(documents.blocks("high-availability.md")[POOLER_BLOCK], pool.release.cluster, tmp_path)
    assert f"deployment.apps/{POOLER}" in told
    assert f"service/{POOLER}" in told
    log = pool.release.cluster.kubectl("logs", "job/bill-inquiry-db-init")
    assert "is ready" in log
    assert "created" not in log
    with pool.client() as client:
        assert client.execute("SELECT current_user").fetchone() == ("bill_inquiry_user",)
