"""The restore drill on real servers: what it finds, and that it leaves nothing."""

import pytest

from harness.database.backups import Backups
from harness.database.servers import Server
from tests.database.restoring import databases, flip_a_byte, made_backup, newest_result, one, patched
from tests.database.versions import oldest, oldest_and_newest

DRILL = "bill-inquiry-drill"


@oldest_and_newest
def test_newest_backup_is_restored_and_checked_in_a_server_of_its_own(server: Server, name: str, migrated: None) -> None:
    backups = made_backup(server, name)
    with server.connect(database="postgres") as connection:
        roles = one(connection, "SELECT array_agg(rolname ORDER BY rolname) FROM pg_roles")
    log = backups.apply(DRILL, name)
    assert "9 tables with 1118 rows, and the ledger: as the manifest says" in log
    assert "26 tables and indexes, by amcheck: no damage" in log
    assert "queried    as the service does" in log
    succeeded, _, message = newest_result(server, name, "drill")
    assert message
    assert succeeded
    assert message.endswith("9 tables with 1118 rows")
    assert databases(server, name) == {name}
    with server.connect(database="postgres") as connection:
        assert one(connection, "SELECT array_agg(rolname ORDER BY rolname) FROM pg_roles") == roles


@oldest
def test_damaged_backup_is_found(server: Server, name: str, migrated: None) -> None:
    backups = made_backup(server, name)
    flip_a_byte(server, name)
    done = backups.run(DRILL, name)
    assert done.status == 3
    succeeded, _, message = newest_result(server, name, "drill")
    assert message
    assert not succeeded
    assert "is damaged, as said above; nothing was restored" in message


@oldest
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            """
            SET SESSION AUTHORIZATION bill_inquiry_owner;
            CREATE SEQUENCE public.calls;
            CREATE FUNCTION public.changing(TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE
            AS $$ SELECT nextval('public.calls')::text || $1 $$;
            CREATE INDEX wrong ON public.customer_info (public.changing(line_number));
            RESET SESSION AUTHORIZATION;
            """,
            "what is bill_inquiry_owner's is damaged, as said above",
        ),
        (
            "ALTER TABLE public.bill_inquiry_history RENAME COLUMN cache_hit TO hit",
            "a query of the service failed, as said above",
        ),
        ("REVOKE SELECT ON public.kos_inquiry_history FROM bill_inquiry_user", "a query of the service failed, as said above"),
    ],
    ids=["index", "column", "privilege"],
)
def test_what_the_service_would_stumble_over_is_found(
    server: Server, name: str, migrated: None, change: str, message: str
) -> None:
    done = made_backup(server, name, change=change).run(DRILL, name)
    assert done.status == 3, done.log
    assert message in done.log
    succeeded, _, recorded = newest_result(server, name, "drill")
    assert (succeeded, recorded) == (False, message)


@oldest
@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        ("count-rows.awk", 'rows "}"', '(rows + 1) "}"', "what was restored is not what the manifest of backup "),
        ("manifest.sql", "'sha256', sha256", "'sha256', md5(sha256)", "what was restored is not what the manifest of backup "),
        (
            "manifest.sql",
            "pg_database_size(current_database())",
            "21474836480",
            "MiB, and backup.drill.size is 20480 MiB: set it to more",
        ),
        ("manifest.sql", "pg_database_size(current_database())", "19474836480", "MiB free: let the drill run on one with more"),
    ],
    ids=["rows", "ledger", "size", "node"],
)
def test_backup_that_is_not_what_it_says_or_does_not_fit_is_refused(
    server: Server, name: str, migrated: None, file: str, before: str, after: str, message: str
) -> None:
    done = made_backup(server, name, patched(file, before, after)).run(DRILL, name)
    assert done.status == 3, done.log
    assert message in done.log
    assert not newest_result(server, name, "drill")[0]


@oldest
def test_drill_without_a_backup_says_so(server: Server, name: str, migrated: None) -> None:
    done = Backups(server, repository="none").run(DRILL, name)
    assert done.status == 3
    assert "there is no repository at /repository/none: make a backup first" in done.log
