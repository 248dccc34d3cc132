"""Each role can do exactly its own and is refused the rest, table by table, by doing it."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from harness.database.hook import DATABASE, Hook
from harness.database.servers import PASSWORDS, SOCKETS, Server

ROLES = ("bill_inquiry_user", "bill_readonly_user", "bill_backup_user", "bill_monitoring_user", "bill_maintenance_user")
WRITES = {"INSERT", "UPDATE", "DELETE"}
# What each role may do to the tables of a schema, or to one table; everything else is refused.
ALLOWED: dict[tuple[str, str], set[str]] = {
    ("bill_inquiry_user", "public"): {"SELECT", *WRITES},
    ("bill_inquiry_user", "cache"): {"SELECT", *WRITES},
    ("bill_readonly_user", "public"): {"SELECT"},
    ("bill_readonly_user", "cache"): {"SELECT"},
    ("bill_readonly_user", "audit"): {"SELECT"},
    ("bill_backup_user", "public"): {"SELECT"},
    ("bill_backup_user", "cache"): {"SELECT"},
    ("bill_backup_user", "audit"): {"SELECT"},
    ("bill_backup_user", "audit.backup_run"): {"SELECT", "INSERT"},
    ("bill_monitoring_user", "audit.backup_run"): {"SELECT"},
}
ACTIONS = {
    "SELECT": "SELECT * FROM {table} LIMIT 1",
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE": "UPDATE {table} SET {column} = DEFAULT",
    "DELETE": "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table} CASCADE",
    "ALTER": "ALTER TABLE {table} ADD COLUMN mine INTEGER",
    "DROP": "DROP TABLE {table} CASCADE",
    "CREATE INDEX": "CREATE INDEX ON {table} ({column})",
    "CREATE TRIGGER": "CREATE TRIGGER mine BEFORE UPDATE ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "DISABLE TRIGGER": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "LOCK": "LOCK TABLE {table}",
}
TABLES = """
SELECT nspname, relname, (SELECT attname FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum = 1)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname IN ('public', 'cache', 'audit') AND relkind IN ('r', 'p') ORDER BY 1, 2
"""
DATABASE_WIDE = {
    "CREATE TABLE in public": "CREATE TABLE public.mine ()",
    "CREATE TABLE in cache": "CREATE TABLE cache.mine ()",
    "CREATE TABLE in audit": "CREATE TABLE audit.mine ()",
    "CREATE TEMPORARY TABLE": "CREATE TEMPORARY TABLE mine ()",
    "CREATE SCHEMA": "CREATE SCHEMA mine",
    "CREATE EXTENSION": "CREATE EXTENSION pgcrypto",
    "CREATE FUNCTION": "CREATE FUNCTION public.mine() RETURNS INT LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE": "CREATE ROLE mine",
    "SET ROLE owner": "SET ROLE bill_inquiry_owner",
    "SET ROLE postgres": "SET ROLE postgres",
    "ALTER ROLE": "ALTER ROLE postgres PASSWORD 'x'",
    "read passwords": "SELECT rolpassword FROM pg_authid",
    "disable triggers": "SET session_replication_role = 'replica'",
    "run programs": "COPY (SELECT 1) TO PROGRAM 'true'",
    "make a large object": "SELECT lo_create(0)",
    "make a large object of bytes": "SELECT lo_from_bytea(0, 'x')",
    "make a large object by its old call": "SELECT lo_creat(-1)",
    "write temporary files without a limit": "SET temp_file_limit = -1",
    "read files": "SELECT pg_read_file('/etc/passwd')",
    "forge the audit": "SELECT audit.record_system_config()",
}


@pytest.fixture
def client(server: Server, installed: str, request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    with server.connect(request.param, options="-c default_transaction_read_only=off") as connection:
        yield connection


def refused(client: psycopg.Connection, statement: sql.Composed | bytes) -> bool:
    """Whether the privilege is missing; what the statement does is undone, and any other error means that it is there."""
    try:
        with client.transaction(force_rollback=True):
            client.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    except psycopg.IntegrityError:
        return False
    return False


@pytest.mark.parametrize("client", ROLES, indirect=True)
def test_role_can_do_its_own_to_each_table_and_nothing_else(client: psycopg.Connection, database: psycopg.Connection) -> None:
    role = client.info.user
    tables = database.execute(TABLES).fetchall()
    assert len(tables) >= 9
    wrong = []
    for schema, table, column in tables:
        names = {"table": sql.Identifier(schema, table), "column": sql.Identifier(column)}
        for action, text in ACTIONS.items():
            mine = ALLOWED.get((role, f"{schema}.{table}"), ALLOWED.get((role, schema), set()))
            allowed = action in mine or (action == "LOCK" and "DELETE" in mine)
            if refused(client, sql.SQL(text).format(**names)) is allowed:
                wrong.append(f"{role} {'cannot' if allowed else 'can'} {action} {schema}.{table}")
    assert wrong == []


@pytest.mark.parametrize("client", ROLES, indirect=True)
def test_role_can_do_nothing_to_the_database(client: psycopg.Connection) -> None:
    # pg_read_all_data reads the passwords' hashes too, as a base backup has them.
    allowed = ["read passwords"] if client.info.user == "bill_backup_user" else []
    assert [what for what, text in DATABASE_WIDE.items() if not refused(client, text.encode())] == allowed


@pytest.mark.parametrize("role", ["bill_backup_user", "bill_monitoring_user"])
@pytest.mark.parametrize("elsewhere", ["postgres", "template1"])
def test_role_makes_nothing_in_the_servers_own_databases(server: Server, installed: str, role: str, elsewhere: str) -> None:
    with server.connect(database=elsewhere) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        connection.execute(f"GRANT CREATE, TEMPORARY ON DATABASE {elsewhere} TO {role} WITH GRANT OPTION".encode())
    Hook(server).apply()
    able = []
    with server.connect(role, elsewhere, options="-c default_transaction_read_only=off") as client:
        for what in (
            "CREATE TABLE public.mine ()",
            "CREATE TEMPORARY TABLE mine ()",
            "CREATE SCHEMA mine",
            "SELECT lo_create(0)",
        ):
            if not refused(client, what.encode()):
                able.append(what)
    assert able == []


def test_nobody_else_may_connect_to_the_services_database(database: psycopg.Connection) -> None:
    database.execute("CREATE ROLE stranger LOGIN")
    found = database.execute(
        "SELECT rolname::text FROM pg_roles WHERE has_database_privilege(rolname, current_database(), 'CONNECT')"
        " AND NOT rolsuper AND rolcanlogin ORDER BY 1"
    ).fetchall()
    assert [role for (role,) in found] == sorted([*ROLES, "bill_inquiry_owner"])


@pytest.mark.parametrize("role", ROLES)
def test_role_gets_in_with_its_password_only(server: Server, installed: str, role: str) -> None:
    server.connect(role).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        server.connect(role, password="wrong")


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_nobodys_password_is_the_owners(server: Server, installed: str, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        server.connect("bill_inquiry_owner", password=password)


LIMITS = {
    "bill_inquiry_user": "512MB",
    "bill_readonly_user": "2GB",
    "bill_backup_user": "2GB",
    "bill_monitoring_user": "128MB",
    "bill_maintenance_user": "512MB",
}


@pytest.mark.parametrize("role", LIMITS)
def test_temporary_files_of_a_role_have_a_limit(server: Server, installed: str, role: str) -> None:
    with server.connect(role) as client:
        assert client.execute("SHOW temp_file_limit").fetchone() == (LIMITS[role],)


def test_monitoring_sees_statistics_of_all_and_backup_may_replicate(server: Server, installed: str) -> None:
    with server.connect("bill_monitoring_user") as client, server.connect("bill_inquiry_user") as other:
        other.execute("SELECT 'seen by monitoring'")
        seen = client.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [other.info.backend_pid]).fetchone()
        assert seen == ("SELECT 'seen by monitoring'",)
        client.execute("SELECT query FROM pg_stat_statements LIMIT 1")
        client.execute("SELECT pg_database_size(current_database())")
    with server.connect("bill_backup_user", replication="true") as backup:
        answer = backup.pgconn.exec_(b"IDENTIFY_SYSTEM")
        assert answer.ntuples == 1
    with server.connect("bill_inquiry_user") as client, pytest.raises(psycopg.OperationalError):
        server.connect("bill_inquiry_user", replication="true")


def test_cloudnativepgs_servers_may_use_connections_that_are_kept(server: Server, name: str) -> None:
    with server.connect(database="postgres") as superuser:
        superuser.execute("CREATE ROLE streaming_replica")
        try:
            Hook(server).apply(name)
            Hook(server).apply(name)
            granted = (
                "SELECT g.rolname FROM pg_auth_members INNER JOIN pg_roles AS g ON g.oid = roleid WHERE member = %s::regrole"
            )
            found = superuser.execute(granted, ("streaming_replica",)).fetchall()
        finally:
            superuser.execute("DROP ROLE streaming_replica")
    assert found == ([("pg_use_reserved_connections",)] if int(server.major) >= 16 else [])


PASSWORD = {"PGPASSWORD": PASSWORDS["bill_backup_user"]}


def test_backup_can_dump_the_whole_database(server: Server, installed: str) -> None:
    done = server.execute("pg_dump", f"--host={SOCKETS}", "--username=bill_backup_user", DATABASE, environment=PASSWORD)
    assert done.status == 0, done.log
    assert "COPY audit.ddl_history" in done.log


@pytest.mark.versions("14", "15")  # the stand-in's pg_basebackup is that of 15
def test_backup_can_take_a_base_backup(server: Server, installed: str) -> None:
    command = ["pg_basebackup", f"--host={SOCKETS}", "--username=bill_backup_user", "--pgdata=/tmp/base", "--checkpoint=fast"]
    done = server.execute(*command, environment=PASSWORD)
    assert done.status == 0, done.log
    server.execute("rm", "-r", "/tmp/base")
