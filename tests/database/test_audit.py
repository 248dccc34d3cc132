"""What is written to audit, by whom it can be read, and that nobody but a superuser can undo it."""

import psycopg
import pytest

from harness.database.servers import Server

SECRET = "not-to-be-kept"


def test_change_of_a_setting_is_kept_with_who_when_and_from_where(server: Server, name: str, migrated: None) -> None:
    with server.connect("bill_inquiry_user", name, application_name="service") as client:
        client.execute("INSERT INTO system_config (config_key, config_value) VALUES ('a', '1')")
        client.execute("UPDATE system_config SET config_value = '2' WHERE config_key = 'a'")
        client.execute("UPDATE system_config SET config_key = 'b' WHERE config_key = 'a'")
        client.execute("DELETE FROM system_config WHERE config_key = 'b'")
    with server.connect("bill_readonly_user", name) as reader:
        found = reader.execute(
            "SELECT operation, config_key, old_row->>'config_value', new_row->>'config_value', changed_by, application,"
            " now() - changed_at < '1 min' FROM audit.system_config_history WHERE config_key IN ('a', 'b') ORDER BY id"
        ).fetchall()
    assert found == [
        ("INSERT", "a", None, "1", "bill_inquiry_user", "service", True),
        ("UPDATE", "a", "1", "2", "bill_inquiry_user", "service", True),
        ("UPDATE", "a", "2", "2", "bill_inquiry_user", "service", True),
        ("DELETE", "b", "2", None, "bill_inquiry_user", "service", True),
    ]


def test_truncated_settings_are_all_kept(database: psycopg.Connection) -> None:
    database.execute("TRUNCATE system_config")
    kept = database.execute("SELECT count(*) FROM audit.system_config_history WHERE operation = 'TRUNCATE'").fetchone()
    assert kept == (13,)


def test_migrations_are_in_the_history_of_ddl(database: psycopg.Connection) -> None:
    found = database.execute(
        "SELECT command_tag, object_type, executed_by, application FROM audit.ddl_history"
        " WHERE object_identity = 'public.customer_info' AND command_tag = 'CREATE TABLE'"
    ).fetchall()
    assert found == [("CREATE TABLE", "table", "bill_inquiry_owner", "billdb/db-init")]


def test_ddl_is_kept_without_its_text(database: psycopg.Connection) -> None:
    database.execute("SET LOCAL application_name = 'by hand'")
    for statement in (
        "CREATE TABLE mine (id INTEGER)",
        "ALTER TABLE mine ADD COLUMN more TEXT",
        f"CREATE FUNCTION mine() RETURNS TEXT LANGUAGE sql AS $$SELECT '{SECRET}'$$",
        f"CREATE ROLE mine PASSWORD '{SECRET}'",
        f"COMMENT ON TABLE mine IS '{SECRET}'",
        "GRANT SELECT ON mine TO mine",
        "CREATE TEMPORARY TABLE passing (id INTEGER)",
        "ALTER TABLE mine DROP COLUMN more",
        "DROP TABLE mine",
        "DROP TABLE passing",
    ):
        database.execute(statement.encode())
    found = database.execute(
        "SELECT command_tag, object_type, object_identity FROM audit.ddl_history WHERE application = 'by hand' ORDER BY id"
    ).fetchall()
    assert found == [
        ("CREATE TABLE", "table", "public.mine"),
        ("ALTER TABLE", "table", "public.mine"),
        ("CREATE FUNCTION", "function", "public.mine()"),
        ("GRANT", "TABLE", None),
        ("ALTER TABLE", "table column", "public.mine.more"),
        ("ALTER TABLE", "table", "public.mine"),
        ("DROP TABLE", "table", "public.mine"),
    ]
    whole = database.execute("SELECT string_agg(d::text, '') FROM audit.ddl_history AS d").fetchone()
    assert whole is not None
    assert SECRET not in whole[0]


@pytest.mark.parametrize(
    "role", ["bill_inquiry_user", "bill_readonly_user", "bill_backup_user", "bill_monitoring_user", "bill_maintenance_user"]
)
def test_trigger_functions_are_for_nobody_to_use(database: psycopg.Connection, role: str) -> None:
    """A role that could use them in a trigger of its own could write to the history what it likes."""
    able = database.execute(
        "SELECT proname, has_function_privilege(%s, oid, 'EXECUTE') FROM pg_proc"
        " WHERE pronamespace = 'audit'::regnamespace AND prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)",
        [role],
    ).fetchall()
    assert [may for _, may in able] == [False] * 3
