"""What the runner refuses, what it then says, and what it does all the same."""

import pytest

from harness.database.hook import Hook
from harness.database.servers import PASSWORDS, Server
from tests.database.versions import oldest_and_newest

pytestmark = oldest_and_newest


def mine(sql: str, number: int = 1) -> dict[str, object]:
    return {"schema": {"extraMigrations": {f"V900{number}__mine.sql": sql}}}


def test_failed_migration_leaves_nothing_and_its_message_names_file_line_and_error(server: Server, name: str) -> None:
    done = Hook(server, mine("CREATE TABLE mine ();\nSELECT 1 / 0;")).run(name)
    assert done.status == 3
    assert "V9001__mine.sql:2: ERROR:  division by zero" in done.log
    assert (
        "ERROR: what ended before the error above stays, the rest was not done; mend that, and run helm upgrade again" in done.log
    )
    with server.connect(database=name) as connection:
        left = connection.execute("SELECT to_regclass('mine'), max(version) < 9001 FROM audit.schema_migration").fetchone()
        assert left == (None, True)
    assert "applied    V9001__mine.sql" in Hook(server, mine("CREATE TABLE mine ();")).apply(name)


def test_own_migrations_come_after_the_charts_and_their_objects_get_the_roles_privileges(server: Server, name: str) -> None:
    log = Hook(server, mine("CREATE TABLE mine (id BIGINT);")).apply(name)
    applied = [line.split()[1] for line in log.splitlines() if line.startswith("applied ")]
    assert applied[-1] == "V9001__mine.sql"
    with server.connect("bill_inquiry_user", name) as connection:
        connection.execute("INSERT INTO mine VALUES (1)")


DISAGREEMENTS = {
    "a changed file": (
        "UPDATE audit.schema_migration SET sha256 = 'x' WHERE version = 3",
        "- V0003__tables.sql was changed after it was applied (",
    ),
    "a file that was left out in the middle": (
        "INSERT INTO audit.schema_migration VALUES (9001, 'gone', 'x', now(), 0, 'billdb', '9.9')",
        "- V9001 (gone) was applied by chart 9.9 and is missing here, where newer ones are: put its file back",
    ),
    "a version that was never applied": (
        "DELETE FROM audit.schema_migration WHERE version = 2",
        "- V0002__ddl_history.sql was not applied, and V0",
    ),
}


@pytest.mark.parametrize(("change", "problem"), DISAGREEMENTS.values(), ids=DISAGREEMENTS)
def test_disagreement_of_ledger_and_chart_stops_before_anything_is_applied(
    server: Server, name: str, migrated: None, change: str, problem: str
) -> None:
    with server.connect(database=name) as connection:
        connection.execute(change.encode())
        connection.execute("REVOKE SELECT ON system_config FROM bill_inquiry_user")
        done = Hook(server, mine("CREATE TABLE mine ();", 2)).run(name)
        assert done.status == 3
        assert problem in done.log
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
    with server.connect("bill_inquiry_user", name) as connection:
        connection.execute("SELECT FROM system_config")  # what is safe was done all the same


def test_number_that_is_missing_in_the_chart_is_said(server: Server, name: str) -> None:
    done = Hook(server, files={"V0004__updated_at.sql": None}).run(name)
    assert done.status == 3
    assert "- V0005__system_config.sql comes after V0003: a number is missing between them" in done.log


def test_two_files_of_one_number_are_named(server: Server, name: str) -> None:
    done = Hook(server, files={"V0004__twin.sql": "CREATE TABLE twin ();"}).run(name)
    assert done.status == 3
    assert "- V0004__twin.sql and V0004__updated_at.sql have the same number: give the later one the next" in done.log


def test_ledger_that_is_newer_after_a_rollback_is_told_and_everything_else_goes_on(server: Server, name: str) -> None:
    Hook(server, mine("CREATE TABLE mine ();")).apply(name)
    with server.connect(database=name) as connection:
        connection.execute("INSERT INTO audit.schema_migration VALUES (8000, 'of tomorrow', 'x', now(), 0, 'billdb', '9.9')")
        log = Hook(server).apply(name)
    assert "newer      V8000 (of tomorrow) of chart 9.9: this chart does not have it, it stays" in log
    assert "newer      V9001 (mine)" in log


def test_migration_that_ends_its_transaction_itself_is_refused(server: Server, name: str) -> None:
    done = Hook(server, mine("CREATE TABLE mine ();\nCOMMIT;")).run(name)
    assert done.status == 3
    assert "ERROR:  V9001__mine.sql has a COMMIT or ROLLBACK of its own" in done.log


@pytest.mark.parametrize("password", ["two\n\n", "two\nlines", "\nsecond"], ids=["two newlines", "two lines", "an empty first"])
def test_password_of_more_than_one_line_is_named_by_its_file_before_anything_is_done(
    server: Server, name: str, password: str
) -> None:
    folder = server.credentials(PASSWORDS | {"bill_inquiry_user": password}, f"lines-{name}-{len(password)}")
    done = Hook(server, environment={"CREDENTIALS": folder}).run(name)
    assert done.status == 3
    assert f"the password of bill_inquiry_user has more than one line (file {folder}/bill_inquiry_user)" in done.log


def test_password_may_end_with_one_newline(server: Server, installed: str) -> None:
    folder = server.credentials({role: f"{password}\n" for role, password in PASSWORDS.items()}, "newline")
    Hook(server, environment={"CREDENTIALS": folder}).apply()
    server.connect("bill_inquiry_user").close()


def test_database_of_another_encoding_is_refused_and_left_alone(server: Server, installed: str, name: str) -> None:
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'".encode())
        done = Hook(server).run(name)
        assert done.status == 3
        assert f"ERROR:  database {name} has the encoding SQL_ASCII, and the service needs UTF8\nHINT:  Dump it" in done.log
        owner = connection.execute("SELECT datdba::regrole::text FROM pg_database WHERE datname = %s", [name]).fetchone()
        assert owner == ("billdb_hook",)


@pytest.mark.parametrize("role", ["postgres", "bill_readonly_user"])
def test_empty_password_is_named_by_its_file_before_anything_is_done(server: Server, name: str, role: str) -> None:
    folder = server.credentials(PASSWORDS | {role: "\n"}, f"empty-{name}")
    done = Hook(server, environment={"CREDENTIALS": folder}).run(name)
    assert done.status == 3
    assert f"the password of {role} is empty (file {folder}/{role}): give it one in the Secret" in done.log
