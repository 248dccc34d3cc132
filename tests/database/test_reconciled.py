"""Whatever was made of roles, privileges and owners is set right by the next run; what is the administrator's own stays."""

from harness.hook import Hook
from harness.servers import Server
from tests.database.catalogue import catalogue

SPOILT = [
    "ALTER ROLE bill_inquiry_user SUPERUSER CREATEDB CREATEROLE BYPASSRLS REPLICATION",
    "ALTER ROLE bill_monitoring_user NOLOGIN",
    "ALTER ROLE bill_inquiry_owner LOGIN PASSWORD 'x'",
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
    "ALTER DEFAULT PRIVILEGES FOR ROLE bill_inquiry_owner IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC",
]
ROLES_NOW = """
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
    ARRAY(SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = pg_authid.oid ORDER BY 1),
    ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_authid.oid ORDER BY 1),
    rolname LIKE '%owner' AND rolpassword IS NULL
FROM pg_authid WHERE rolname LIKE 'bill\\_%' ORDER BY 1
"""


def test_what_was_made_of_roles_and_privileges_is_set_right_by_the_next_run(
    server: Server, name: str, reference: list[str]
) -> None:
    Hook(server).apply(name)
    with server.connect(database=name) as connection:
        roles = connection.execute(ROLES_NOW.encode()).fetchall()
        for statement in SPOILT:
            connection.execute(statement.format(name=name).encode())
        assert connection.execute(ROLES_NOW.encode()).fetchall() != roles
        assert catalogue(connection) != reference
        log = Hook(server).apply(name)
        assert "role       bill_inquiry_user is not in bill_inquiry_owner any more" in log
        assert "owner      TABLE system_config is bill_inquiry_owner's now" in log
        assert "privilege  REVOKE CREATE ON SCHEMA public FROM PUBLIC" in log
        assert connection.execute(ROLES_NOW.encode()).fetchall() == roles
        assert catalogue(connection) == reference
    with server.connect("bill_inquiry_user", name) as client:
        client.execute("SELECT FROM system_config")


def test_roles_of_the_administrator_keep_what_they_have(server: Server, name: str) -> None:
    Hook(server).apply(name)
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
