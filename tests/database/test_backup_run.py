"""What each run of a backup or restore leaves, written by the backups' role: no code but PostgreSQL's own runs on that way."""

from collections.abc import Iterator

import psycopg
import pytest

from harness import paths
from harness.database.hook import Hook
from harness.database.servers import PASSWORDS, SHARED, SOCKETS, Run, Server
from tests.database.attacks import LOOT, OWNER, TRIGGER
from tests.database.versions import oldest_and_newest

PASSWORD = {"PGPASSWORD": PASSWORDS["bill_backup_user"]}
RESULT = {
    "kind": "backup",
    "started_at": "2026-11-27 02:00:00+09",
    "succeeded": "true",
    "release": "billdb",
    "chart_version": "0.4.0",
}
DETAILS = {"backup": "4bba301e", "bytes": "7000000000", "added_bytes": "1200", "message": 'it\'s 3 % done: "so"'}
NOTHING = dict.fromkeys(DETAILS, "")
WRITTEN = """
SELECT kind, started_at = '2026-11-26 17:00:00+00', succeeded, backup, bytes, added_bytes, message, release, chart_version
FROM audit.backup_run ORDER BY id
"""


def record(server: Server, name: str, **variables: str) -> Run:
    """Run record.sql as the backups' Jobs do."""
    (server.folder / "record.sql").write_text((paths.CHART / "hooks/backup/record.sql").read_text())
    known = [f"--set={key}={value}" for key, value in (RESULT | variables).items()]
    login = [f"--host={SOCKETS}", "--username=bill_backup_user", f"--dbname={name}"]
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *known, *login, f"--file={SHARED}/record.sql"]
    return server.execute(*command, environment=PASSWORD)


@pytest.fixture
def connection(server: Server, name: str, migrated: None) -> Iterator[psycopg.Connection]:
    with server.connect(database=name) as connection:
        yield connection


def test_backups_role_records_what_came_of_a_run(server: Server, connection: psycopg.Connection, name: str) -> None:
    for details in (DETAILS, NOTHING):
        done = record(server, name, **details)
        assert (done.status, done.log) == (0, "")
    rows = connection.execute(WRITTEN).fetchall()
    told = ("4bba301e", 7_000_000_000, 1200, 'it\'s 3 % done: "so"')
    assert rows == [("backup", True, True, *told, "billdb", "0.4.0"), ("backup", True, True, *[None] * 4, "billdb", "0.4.0")]
    assert connection.execute("SELECT count(*) FROM audit.backup_run WHERE finished_at <= clock_timestamp()").fetchone() == (2,)


@oldest_and_newest
@pytest.mark.parametrize("kind", ["check", "restore", "drill", "snapshot", "snapshot-drill", "move"])
def test_every_kind_of_run_is_recorded(server: Server, migrated: None, name: str, kind: str) -> None:
    assert record(server, name, kind=kind, **NOTHING).log == ""


def test_run_of_an_unknown_kind_is_refused(server: Server, migrated: None, name: str) -> None:
    done = record(server, name, kind="backups", **NOTHING)
    assert (done.status, "ck_backup_run_kind" in done.log) == (3, True)


def test_operator_that_the_owner_puts_before_postgresqls_own_is_not_run(
    server: Server, connection: psycopg.Connection, name: str
) -> None:
    connection.execute(LOOT.encode())
    connection.execute("CREATE SEQUENCE loot.by_anybody; GRANT ALL ON SEQUENCE loot.by_anybody TO PUBLIC")
    connection.execute(
        "CREATE FUNCTION loot.equal(TEXT, TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_catalog.nextval('loot.by_anybody'); RETURN $1 OPERATOR(pg_catalog.=) $2; END$$;"
        "CREATE OPERATOR loot.= (LEFTARG = text, RIGHTARG = text, FUNCTION = loot.equal);"
        f"ALTER DATABASE {name} SET search_path = loot, pg_catalog".encode()
    )
    assert record(server, name, **DETAILS).status == 0
    assert connection.execute("SELECT is_called FROM loot.by_anybody").fetchone() == (False,)


ATTACHED = {
    "a trigger": (TRIGGER.format(table="audit.backup_run"), "it has trigger mine on table audit.backup_run"),
    "another check": (
        "ALTER TABLE audit.backup_run DROP CONSTRAINT ck_backup_run_kind,"
        " ADD CONSTRAINT ck_backup_run_kind CHECK (loot.same(length(kind)) > 0)",
        "it is tied to function loot.same(integer), its columns are id bigint ALWAYS",
    ),
    "a second check": (
        "ALTER TABLE audit.backup_run ADD CHECK (loot.number() > 0)",
        "'move'::text]))), CHECK ((loot.number() > 0))\n",
    ),
    "no check": ("ALTER TABLE audit.backup_run DROP CONSTRAINT ck_backup_run_kind", "release text, chart_version text\n"),
    "a default": (
        "ALTER TABLE audit.backup_run ALTER COLUMN message SET DEFAULT loot.number()::text",
        "message text (loot.number())::text",
    ),
}


@pytest.mark.parametrize(("attached", "found"), ATTACHED.values(), ids=ATTACHED)
def test_what_the_owner_attached_after_a_rollback_stops_the_run(
    server: Server, connection: psycopg.Connection, name: str, attached: str, found: str
) -> None:
    connection.execute(LOOT.encode())
    connection.execute("GRANT ALL ON SCHEMA loot TO bill_inquiry_owner")
    connection.execute("ALTER TABLE audit.backup_run OWNER TO bill_inquiry_owner")  # as the schema Job of 0.3.0 does
    connection.execute(f"SET SESSION AUTHORIZATION {OWNER}".encode())
    connection.execute(attached.encode())
    connection.execute("RESET SESSION AUTHORIZATION")
    done = Hook(server).run(name)
    refusal = "audit.backup_run is not the chart's table: i"
    assert (done.status, refusal in done.log, found in done.log) == (3, True, True), done.log


def test_table_of_the_owners_takes_no_result_for_its_code_would_run(
    server: Server, connection: psycopg.Connection, name: str
) -> None:
    connection.execute("ALTER TABLE audit.backup_run OWNER TO bill_inquiry_owner")  # as the schema Job of 0.3.0 does
    done = record(server, name, **DETAILS)
    told = "audit.backup_run is not there, or is not of the superuser: helm upgrade runs the schema Job, which mends that"
    assert (done.status, told in done.log) == (3, True), done.log
    assert connection.execute("SELECT count(*) FROM audit.backup_run").fetchone() == (0,)


def test_rows_stay_over_a_rollback_and_the_way_back(server: Server, connection: psycopg.Connection, name: str) -> None:
    assert record(server, name, **DETAILS).status == 0
    connection.execute(
        "ALTER TABLE audit.backup_run OWNER TO bill_inquiry_owner; REVOKE ALL ON audit.backup_run FROM bill_backup_user"
    )
    log = Hook(server).apply(name)
    assert "owner      TABLE audit.backup_run becomes postgres's" in log
    assert record(server, name, **DETAILS).status == 0
    assert connection.execute("SELECT count(*) FROM audit.backup_run").fetchone() == (2,)
