"""Nobody becomes superuser by what the schema Job runs, and no other role the owner, whatever is in the databases beforehand."""

import gzip
from collections.abc import Iterator

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.states import STATES
from tests.database.attacks import BEFORE, LATER, LOOT, OWNER, READY, SERVICE, Attack, function
from tests.database.catalogue import catalogue
from tests.database.test_upgrade import restore

SUPERUSERS = "SELECT rolname::text FROM pg_roles WHERE rolsuper ORDER BY 1"
# A migration of each kind that does what an upgrade could do.
MINE = {
    "V9001__mine.sql": "UPDATE system_config SET config_value = '5' WHERE config_key = 'bill.cache.ttl.hours';",
    "V9002__mine.sql": "-- billdb: superuser\nCREATE TABLE public.mine_too ();",
}


@pytest.fixture
def superusers(server: Server, installed: str) -> Iterator[None]:
    """Looks who is superuser after the test, and takes it back from the service's role."""
    yield
    with server.connect(database="postgres") as connection:
        found = [name for (name,) in connection.execute(SUPERUSERS).fetchall()]
        connection.execute(f"ALTER ROLE {SERVICE} NOSUPERUSER".encode())
    assert found == ["billdb_hook", "postgres"]


def attack(server: Server, name: str, by: Attack, owner: str) -> tuple[str, list[bool]]:
    """Do it, and run the Job: its log, and whether the attacker's code was run by a superuser and by the owner."""
    with server.connect(database=name) as connection:
        connection.execute(LOOT.encode())
        connection.execute(f"ALTER DATABASE {name} OWNER TO {owner}".encode())
        connection.execute(f"GRANT CREATE ON SCHEMA public TO {by.attacker}; GRANT ALL ON SCHEMA loot TO {by.attacker}".encode())
        connection.execute(f"ALTER FUNCTION loot.equal OWNER TO {by.attacker}".encode())
        connection.execute(f"ALTER ROLE {by.attacker} LOGIN PASSWORD 'attacker'".encode())  # the run gives it its own again
    with server.connect(by.attacker, name, password="attacker") as connection:
        connection.execute(by.sql.replace("{name}", name).encode())
    done = Hook(server, {"schema": {"extraMigrations": MINE}}).run(name)
    assert (done.status, by.outcome in done.log) == (0 if by.outcome == READY else 3, True), done.log
    with server.connect(database=name) as connection:
        ran = connection.execute("SELECT a.is_called, b.is_called FROM loot.by_superuser AS a, loot.by_owner AS b").fetchone()
    return done.log, list(ran or [])


@pytest.mark.parametrize("by", BEFORE.values(), ids=BEFORE)
def test_what_was_there_before_the_first_run_runs_as_nobody_else(server: Server, superusers: None, name: str, by: Attack) -> None:
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    _, ran = attack(server, name, by, by.attacker)
    assert ran == [False, False]


@pytest.mark.parametrize("by", LATER.values(), ids=LATER)
def test_owner_of_the_last_release_does_not_become_superuser(server: Server, superusers: None, name: str, by: Attack) -> None:
    restore(server, name, gzip.decompress((STATES / "0.2.0.sql.gz").read_bytes()).decode())
    _, (by_superuser, _) = attack(server, name, by, OWNER)
    assert not by_superuser


@pytest.mark.parametrize("elsewhere", ["postgres", "template1", None])
def test_event_trigger_with_a_function_of_another_role_stops_the_run(
    server: Server, superusers: None, name: str, migrated: None, elsewhere: str | None
) -> None:
    database = elsewhere or name
    with server.connect(database=database) as connection:
        connection.execute("CREATE SCHEMA mine")
        connection.execute("CREATE FUNCTION mine.obey() RETURNS EVENT_TRIGGER LANGUAGE plpgsql AS 'BEGIN END'")
        connection.execute("CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION mine.obey()")
        connection.execute(
            f"ALTER FUNCTION mine.obey() OWNER TO {SERVICE};"
            f"CREATE OR REPLACE FUNCTION mine.obey() RETURNS EVENT_TRIGGER LANGUAGE plpgsql AS"
            f" 'BEGIN ALTER ROLE {SERVICE} SUPERUSER; END'".encode()
        )
        try:
            connection.execute("ALTER ROLE bill_inquiry_user NOSUPERUSER")
            done = Hook(server).run(name)
            assert done.status == 3, done.log
            assert f"- mine of database {database} runs mine.obey(), which is {SERVICE}'s\nHINT:  ALTER EVENT TRIGGER" in done.log
            connection.execute("ALTER EVENT TRIGGER mine DISABLE")
            Hook(server).apply(name)
        finally:
            connection.execute("DROP EVENT TRIGGER mine")
            connection.execute("DROP SCHEMA mine CASCADE")


def test_function_in_template1_is_run_by_nobody(server: Server, superusers: None, name: str) -> None:
    with server.connect(database="template1") as connection:
        connection.execute(LOOT.encode())
        connection.execute(function("public.has_database_privilege(text, name, text)", "BOOLEAN", "false").encode())
        try:
            Hook(server).apply(name)
            assert connection.execute("SELECT is_called FROM loot.by_superuser").fetchone() == (False,)
        finally:
            connection.execute("DROP FUNCTION public.has_database_privilege(text, name, text); DROP SCHEMA loot CASCADE")


SETTINGS = (
    "role = 'bill_readonly_user'",
    "standard_conforming_strings = off",
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'serializable'",
    "statement_timeout = '1ms'",
    "lock_timeout = '1ms'",
    "constraint_exclusion = on",
    "row_security = off",
    "client_min_messages = 'error'",
    "search_path = 'nowhere'",
    "local_preload_libraries = 'nothing'",
)


def test_what_an_owner_set_for_the_database_changes_no_run(
    server: Server, superusers: None, name: str, reference: list[str]
) -> None:
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        for setting in (*SETTINGS, *(["transaction_timeout = '1ms'"] if int(server.major) >= 17 else [])):
            connection.execute(f"ALTER DATABASE {name} SET {setting}".encode())
    Hook(server).apply(name)
    with server.connect(database="postgres") as connection:
        connection.execute(f"ALTER DATABASE {name} RESET ALL".encode())
    with server.connect(database=name) as connection:
        assert catalogue(connection) == reference


def test_privilege_to_attach_a_trigger_does_not_outlive_the_owner_who_gave_it(server: Server, installed: str, name: str) -> None:
    restore(server, name, gzip.decompress((STATES / "0.2.0.sql.gz").read_bytes()).decode())
    with server.connect(database=name) as connection:
        connection.execute("CREATE ROLE thief")
        try:
            connection.execute("GRANT ALL ON audit.schema_migration, audit.ddl_history TO thief WITH GRANT OPTION")
            Hook(server).apply(name)
            able = connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r'"
                " AND has_table_privilege('thief', oid, 'TRIGGER, INSERT, SELECT')"
            ).fetchall()
            assert able == []
        finally:
            connection.execute("DROP OWNED BY thief")
            connection.execute("DROP ROLE thief")


@pytest.mark.parametrize("table", ["audit.schema_migration", "audit.ddl_history", "audit.backup_run"])
def test_owner_cannot_attach_change_or_swap_what_a_superuser_writes_to(server: Server, installed: str, table: str) -> None:
    with server.connect() as connection:
        connection.execute(f"SET SESSION AUTHORIZATION {OWNER}".encode())
        schema, name = table.split(".")
        for statement in (
            f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            f"ALTER TABLE {table} ADD COLUMN mine INT",
            f"CREATE RULE mine AS ON INSERT TO {table} DO NOTHING",
            f"ALTER TABLE {table} RENAME TO mine",
            f"DROP TABLE {table}",
            f"ALTER SCHEMA {schema} RENAME TO mine",
            f"UPDATE {table} SET {'version' if name == 'schema_migration' else 'id'} = DEFAULT",
            f"DELETE FROM {table}",
            "CREATE OR REPLACE FUNCTION audit.record_ddl() RETURNS EVENT_TRIGGER LANGUAGE plpgsql AS 'BEGIN END'",
            "DROP FUNCTION audit.record_drop() CASCADE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_trigger_that_came_with_a_dump_stops_the_run_and_an_index_does_not(
    server: Server, superusers: None, name: str, migrated: None
) -> None:
    with server.connect(database=name) as connection:
        connection.execute("CREATE INDEX mine ON audit.ddl_history (executed_at)")
        Hook(server).apply(name)
        connection.execute(
            "CREATE TRIGGER mine BEFORE INSERT ON audit.schema_migration FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        )
    done = Hook(server).run(name)
    assert done.status == 3
    assert "audit.schema_migration is not the chart's table: it has trigger mine on table audit.schema_migration\n" in done.log
