"""What an owner of a former release, or of the database, left behind gives nobody the superuser's tables, and stops no run."""

import gzip

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.states import STATES
from harness.database.watching import wait_for_waiters
from tests.database.attacks import LEDGER as SCHEMA_AND_LEDGER
from tests.database.attacks import LOOT, OWNER, SERVICE, TRIGGER
from tests.database.test_escalation import superusers as superusers
from tests.database.test_races import RAN
from tests.database.test_upgrade import restore

LEDGER = SCHEMA_AND_LEDGER.replace("CREATE SCHEMA audit;", "")
SWAP = {
    "V9001__mine.sql": f"DROP EXTENSION hstore CASCADE; {LEDGER} {TRIGGER.format(table='audit.schema_migration')}",
    "V9002__mine.sql": "-- billdb: superuser\nCREATE TABLE public.mine_too ();",
}


@pytest.fixture
def former(server: Server, superusers: None, name: str) -> psycopg.Connection:
    """The owner's connection to a database of chart 0.2.0, where the ledger and the history of DDL are the owner's."""
    restore(server, name, gzip.decompress((STATES / "0.2.0.sql.gz").read_bytes()).decode())
    with server.connect(database=name) as connection:
        connection.execute(LOOT.encode())
        connection.execute(f"GRANT ALL ON SCHEMA loot TO {OWNER}; ALTER DATABASE {name} OWNER TO {OWNER}".encode())
        connection.execute(f"ALTER ROLE {OWNER} LOGIN PASSWORD 'attacker'".encode())  # the run gives it its own again
    return server.connect(OWNER, name, password="attacker")


@pytest.mark.parametrize(
    ("attached", "found"),
    [
        ("ALTER EXTENSION hstore ADD TABLE audit.schema_migration", "schema_migration is not the chart's table: it is tied to"),
        ("ALTER EXTENSION hstore ADD SCHEMA audit", "schema_migration is not the chart's table: it is tied to extension hstore"),
        ("ALTER EXTENSION hstore ADD SEQUENCE audit.ddl_history_id_seq", "ddl_history is not the chart's table: it is tied to"),
        ("ALTER INDEX audit.schema_migration_pkey DEPENDS ON EXTENSION hstore", "it is tied to extension hstore"),
        (
            "CREATE COLLATION public.mine (LOCALE = 'C');"
            "ALTER TABLE audit.schema_migration ALTER description TYPE TEXT COLLATE public.mine",
            "it is tied to collation public.mine",
        ),
        ("ALTER TABLE audit.schema_migration ENABLE ROW LEVEL SECURITY", "it has row-level security"),
    ],
    ids=["table", "schema", "sequence", "index", "collation", "row-level security"],
)  # fmt: skip
def test_owner_keeps_no_hold_on_a_table_that_becomes_the_superusers(
    server: Server, former: psycopg.Connection, name: str, attached: str, found: str
) -> None:
    with former:
        former.execute("CREATE EXTENSION hstore SCHEMA public")
        former.execute(attached.encode())
    done = Hook(server, {"schema": {"extraMigrations": SWAP}}).run(name)
    with server.connect(database=name) as connection:
        assert connection.execute(RAN).fetchone() == (False, False)
    assert (done.status, found in done.log) == (3, True), done.log


def test_schema_that_is_put_into_an_extension_while_it_becomes_the_superusers_stops_the_run(
    server: Server, former: psycopg.Connection, name: str
) -> None:
    with former, server.connect(database=name) as watcher:
        former.execute("CREATE EXTENSION hstore SCHEMA public")
        former.execute("BEGIN; ALTER EXTENSION hstore ADD SCHEMA audit")
        job = Hook(server, environment={"LOCK_TIMEOUT": "60s"}).start(name)
        wait_for_waiters(watcher, former.info.backend_pid)
        former.execute("COMMIT")
        done = job.end()
    assert (done.status, "it is tied to extension hstore" in done.log) == (3, True), done.log


def test_restriction_of_views_that_an_owner_set_for_the_database_stops_no_run(server: Server, installed: str, name: str) -> None:
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}".encode())
        connection.execute(f"ALTER DATABASE {name} SET restrict_nonsystem_relation_kind = 'view, foreign-table'".encode())
    Hook(server).apply(name)


def test_membership_goes_whose_grantor_is_gone(server: Server, installed: str) -> None:
    with server.connect(database="postgres") as connection:
        connection.execute("CREATE ROLE administrator SUPERUSER; SET SESSION AUTHORIZATION administrator")
        connection.execute(f"GRANT pg_execute_server_program TO {SERVICE}".encode())
        connection.execute("RESET SESSION AUTHORIZATION")
        if int(server.major) < 16:  # later releases do not let the grantor go
            connection.execute("DROP ROLE administrator")
        log = Hook(server).apply()
        connection.execute("DROP ROLE IF EXISTS administrator")
        member = connection.execute(f"SELECT pg_has_role('{SERVICE}', 'pg_execute_server_program', 'MEMBER')".encode()).fetchone()
    assert (member, f"{SERVICE} is not in pg_execute_server_program any more" in log) == ((False,), True)
