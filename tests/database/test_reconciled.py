"""Whatever was made of roles, privileges and owners is set right by the next run; what is the administrator's own stays."""

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from tests.database.catalogue import catalogue

SPOILT = [
    "ALTER ROLE bill_inquiry_user SUPERUSER CREATEDB CREATEROLE BYPASSRLS REPLICATION",
    "ALTER ROLE bill_monitoring_user NOLOGIN",
    "ALTER ROLE bill_inquiry_owner NOLOGIN",
    "ALTER ROLE bill_readonly_user RESET statement_timeout",
    "GRANT pg_read_all_data, bill_inquiry_owner, postgres TO bill_inquiry_user",
    "REVOKE pg_monitor FROM bill_monitoring_user",
    "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "GRANT ALL ON SCHEMA audit TO bill_inquiry_user",
    "GRANT ALL ON audit.system_config_history TO bill_inquiry_user, PUBLIC",
    "REVOKE ALL ON system_config FROM bill_inquiry_user",
    "GRANT ALL ON DATABASE {name} TO PUBLIC",
    "REVOKE CONNECT ON DATABASE {name} FROM bill_inquiry_user",
    "ALTER TABLE system_config OWNER TO postgres",
    "ALTER TABLE customer_info OWNER TO bill_inquiry_user",
    "GRANT SELECT (version), UPDATE (sha256) ON audit.schema_migration TO bill_inquiry_user",
    "GRANT INSERT (config_key) ON system_config TO PUBLIC",
    "GRANT EXECUTE ON ROUTINE delete_old_history TO PUBLIC",
    "GRANT EXECUTE ON FUNCTION audit.record_system_config() TO bill_inquiry_user",
    "GRANT SELECT, DELETE ON bill_info_cache TO bill_readonly_user WITH GRANT OPTION",
    "SET SESSION AUTHORIZATION bill_readonly_user; SET default_transaction_read_only = off;"
    " GRANT SELECT, SELECT (cache_key) ON bill_info_cache TO PUBLIC;"
    " RESET SESSION AUTHORIZATION; RESET default_transaction_read_only",
    "GRANT EXECUTE ON ROUTINE delete_expired_cache TO bill_monitoring_user WITH GRANT OPTION",
    "SET SESSION AUTHORIZATION bill_monitoring_user; SET default_transaction_read_only = off;"
    " GRANT EXECUTE ON ROUTINE delete_expired_cache TO PUBLIC;"
    " RESET SESSION AUTHORIZATION; RESET default_transaction_read_only",
    "GRANT pg_read_all_data TO bill_backup_user WITH ADMIN OPTION",
    "ALTER DEFAULT PRIVILEGES FOR ROLE bill_inquiry_owner IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC",
    "GRANT SELECT, DELETE ON bill_inquiry_history TO bill_monitoring_user",
    "GRANT SELECT (line_number), UPDATE (result_code) ON kos_inquiry_history TO bill_monitoring_user WITH GRANT OPTION",
    "GRANT SELECT (customer_name) ON customer_info TO bill_monitoring_user",
    "REVOKE SELECT (expires_at) ON bill_info_cache FROM bill_monitoring_user",
    "GRANT EXECUTE ON FUNCTION audit.certificates() TO PUBLIC, bill_inquiry_user",
    "REVOKE EXECUTE ON FUNCTION audit.certificates() FROM bill_monitoring_user",
    "ALTER ROLE bill_monitoring_user RESET row_security",
    "ALTER ROLE bill_monitoring_user CONNECTION LIMIT 50",
    # What a rollback to chart 0.2.0 leaves.
    "ALTER SCHEMA audit OWNER TO bill_inquiry_owner",
    "ALTER TABLE audit.schema_migration OWNER TO bill_inquiry_owner",
    "ALTER TABLE audit.ddl_history OWNER TO bill_inquiry_owner",
    "ALTER FUNCTION audit.record_ddl() OWNER TO bill_inquiry_owner",
    "ALTER FUNCTION audit.record_drop() OWNER TO bill_inquiry_owner",
    # What a rollback to chart 0.3.0 leaves.
    "ALTER TABLE audit.backup_run OWNER TO bill_inquiry_owner",
    "REVOKE ALL ON audit.backup_run FROM bill_backup_user, bill_monitoring_user",
    "REVOKE USAGE ON SCHEMA audit FROM bill_backup_user, bill_monitoring_user",
    # What a rollback to chart 0.4.0 leaves, and what the owner may then make of it.
    "ALTER FUNCTION audit.certificates() OWNER TO bill_inquiry_owner",
    "SET ROLE bill_inquiry_owner; CREATE OR REPLACE FUNCTION audit.certificates()"
    " RETURNS TABLE (certificate TEXT, ends_at TIMESTAMPTZ) LANGUAGE sql SECURITY DEFINER"
    " AS 'SELECT current_user::TEXT, now()'; RESET ROLE",
]
ROLES_NOW = """
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
    rolconnlimit, ARRAY(SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = pg_authid.oid ORDER BY 1),
    ARRAY(SELECT roleid::regrole || ' ' || admin_option FROM pg_auth_members WHERE member = pg_authid.oid ORDER BY 1),
    rolpassword IS NULL
FROM pg_authid WHERE rolname LIKE 'bill\\_%' ORDER BY 1
"""


def test_what_was_made_of_roles_and_privileges_is_set_right_by_the_next_run(
    server: Server, name: str, migrated: None, reference: list[str]
) -> None:
    with server.connect(database=name) as connection:
        roles = connection.execute(ROLES_NOW.encode()).fetchall()
        for statement in SPOILT:
            connection.execute(statement.format(name=name).encode())
        assert connection.execute(ROLES_NOW.encode()).fetchall() != roles
        assert catalogue(connection) != reference
        log = Hook(server).apply(name)
        assert "role       bill_inquiry_user is not in bill_inquiry_owner any more" in log
        assert "owner      TABLE public.system_config is bill_inquiry_owner's now" in log
        assert "owner      TABLE public.customer_info is bill_inquiry_owner's now" in log
        assert "privilege  REVOKE CREATE ON SCHEMA public FROM PUBLIC" in log
        assert connection.execute(ROLES_NOW.encode()).fetchall() == roles
        connection.execute("REVOKE EXECUTE ON ROUTINE delete_expired_cache FROM bill_monitoring_user")  # what it has, it keeps
        assert catalogue(connection) == reference
        again = Hook(server).apply(name)
        assert [line for line in again.splitlines() if line.startswith(("privilege", "owner", "role"))] == []
    with server.connect("bill_inquiry_user", name) as client:
        client.execute("SELECT FROM system_config")


def test_code_of_the_services_role_never_comes_to_run_as_the_owner(server: Server, name: str, migrated: None) -> None:
    with server.connect(database=name) as connection:
        for statement in (
            "CREATE TABLE commands (command TEXT)",
            "CREATE SCHEMA elsewhere",
            "CREATE FUNCTION elsewhere.obey() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS"
            " $$BEGIN EXECUTE NEW.command; RETURN NEW; END$$",
            "CREATE TRIGGER obey BEFORE INSERT ON commands FOR EACH ROW EXECUTE FUNCTION elsewhere.obey()",
            "CREATE VIEW peek AS SELECT * FROM audit.ddl_history",
            "ALTER TABLE commands OWNER TO bill_inquiry_user",
            "ALTER FUNCTION elsewhere.obey() OWNER TO bill_inquiry_user",
            "ALTER VIEW peek OWNER TO bill_inquiry_user",
        ):
            connection.execute(statement.encode())
        log = Hook(server).apply(name)
        for what in ("table public.commands", "function elsewhere.obey()", "view public.peek"):
            assert f"owner      {what} is bill_inquiry_user's and stays so: drop it" in log
    with server.connect("bill_inquiry_user", name) as client:
        for statement in ("INSERT INTO commands VALUES ('DELETE FROM audit.ddl_history')", "SELECT FROM peek"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                client.execute(statement.encode())


def test_privilege_that_an_administrators_role_passed_on_is_taken_back(
    server: Server, name: str, migrated: None, reference: list[str]
) -> None:
    with server.connect(database=name) as connection:
        connection.execute("CREATE ROLE analyst")
        try:
            connection.execute("GRANT SELECT, DELETE ON system_config TO analyst WITH GRANT OPTION")
            connection.execute("SET ROLE analyst")
            connection.execute("GRANT SELECT, DELETE ON system_config TO bill_readonly_user")
            connection.execute("RESET ROLE")
            Hook(server).apply(name)
            kept = connection.execute(
                "SELECT has_table_privilege('analyst', 'system_config', 'DELETE WITH GRANT OPTION'),"
                " has_table_privilege('bill_readonly_user', 'system_config', 'DELETE')"
            ).fetchone()
            assert kept == (True, False)
            connection.execute("DROP OWNED BY analyst")
            assert catalogue(connection) == reference
        finally:
            connection.execute("DROP OWNED BY analyst")
            connection.execute("DROP ROLE analyst")


def test_what_a_migration_lets_a_role_execute_it_keeps(server: Server, name: str) -> None:
    sql = "CREATE FUNCTION mine() RETURNS INT LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION mine() TO bill_inquiry_user;"
    hook = Hook(server, {"schema": {"extraMigrations": {"V9001__mine.sql": sql}}})
    for _ in range(2):
        hook.apply(name)
        with server.connect("bill_inquiry_user", name) as client:
            assert client.execute("SELECT mine()").fetchone() == (1,)


def test_roles_of_the_administrator_keep_what_they_have(server: Server, name: str, migrated: None) -> None:
    with server.connect(database=name) as connection:
        connection.execute("CREATE ROLE analyst")
        try:
            connection.execute("GRANT SELECT, DELETE ON system_config TO analyst")
            connection.execute("GRANT analyst TO bill_readonly_user")
            connection.execute("ALTER ROLE bill_inquiry_user CONNECTION LIMIT 40")
            Hook(server).apply(name)
            kept = connection.execute(
                "SELECT has_table_privilege('analyst', 'system_config', 'DELETE'),"
                " pg_has_role('bill_readonly_user', 'analyst', 'member'), rolconnlimit"
                " FROM pg_roles WHERE rolname = 'bill_inquiry_user'"
            ).fetchone()
            assert kept == (True, True, 40)
        finally:
            connection.execute("ALTER ROLE bill_inquiry_user CONNECTION LIMIT -1")
            connection.execute("DROP OWNED BY analyst")
            connection.execute("DROP ROLE analyst")
