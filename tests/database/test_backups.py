"""Backups of a server: what they hold, what a failure leaves, and that a good one is never lost."""

import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.database import repositories
from harness.database.backups import Backups
from harness.database.servers import REPOSITORY_PASSWORD, SHARED, SOCKETS, Run, Server, run_in
from harness.database.watching import wait_for_count
from tests.database.versions import newest, oldest, oldest_and_newest

pytestmark = oldest_and_newest

ROWS = 20_000
KILLS = 20
INSERT = """
INSERT INTO bill_inquiry_history (request_id, line_number, status)
SELECT {first} || '-' || n, '01012345678', 'PROCESSING' FROM generate_series(1, {rows}) AS n
"""


@pytest.fixture
def backups(server: Server, name: str, migrated: None) -> Backups:
    """The Jobs of backups, with an empty repository of the test's own."""
    repositories.make(server.folder / "repository" / name)
    return Backups(server, repository=name)


def write(server: Server, name: str, first: str = "'a'", rows: int = ROWS) -> None:
    with server.connect(database=name) as connection:
        connection.execute(INSERT.format(first=first, rows=rows).encode())


def backup(backups: Backups, name: str) -> str:
    """Make one, expecting success; returns its id."""
    found = re.search(r"backup ([0-9a-f]{8}):", backups.apply(database=name))
    assert found
    return found[1]


def kept(backups: Backups) -> list[str]:
    """The ids of the backups in the repository."""
    return [snapshot["short_id"] for snapshot in json.loads(backups.restic("snapshots", "--json", "--no-lock").log)]


def manifest(backups: Backups, name: str) -> dict[str, Any]:
    """The first line of the newest backup."""
    script = f'"$RESTIC" --no-cache dump --no-lock latest /{name}.dump 2> /dev/null | head -n 1'
    places = {"RESTIC": "/restic/restic", "RESTIC_REPOSITORY": f"/repository/{backups.repository}"}
    places["RESTIC_PASSWORD_FILE"] = "/repository-password/password"
    found: dict[str, Any] = json.loads(backups.server.execute("bash", "-c", script, environment=places).log)
    return found


def results(server: Server, name: str, kind: str = "backup") -> list[tuple[bool, str | None]]:
    """(succeeded, message) of each run that left its result."""
    query = "SELECT succeeded, message FROM audit.backup_run WHERE kind = %s ORDER BY id"
    with server.connect(database=name) as connection:
        return connection.execute(query, [kind]).fetchall()


def failed(run: Run, words: str, status: int = 2) -> bool:
    assert run.status == status, run.log
    assert words in run.log
    return True


def test_a_backup_is_of_one_moment_and_its_manifest_counts_what_it_holds(server: Server, name: str, backups: Backups) -> None:
    ended = threading.Event()

    def writing() -> None:
        for batch in range(10_000):
            if ended.is_set():
                return
            write(server, name, f"'w{batch}'", 50)

    writer = threading.Thread(target=writing)
    writer.start()
    try:
        backup(backups, name)
    finally:
        ended.set()
        writer.join()
    found = manifest(backups, name)
    assert (found["format"], found["database"], found["release"]) == (1, name, "billdb")
    rows = {f"{table['schema']}.{table['name']}": table["rows"] for table in found["tables"]}
    assert rows["audit.schema_migration"] == len(found["ledger"]) == found["schema_version"]
    assert "CREATE ROLE bill_inquiry_owner" in found["globals"]
    assert "PASSWORD" not in found["globals"]
    script = (
        f"/restic/restic --no-cache dump --no-lock latest /{name}.dump 2> /dev/null | "
        "{ read -r line; pg_restore --data-only --table=bill_inquiry_history --file=-; } | grep --count PROCESSING"
    )
    places = {"RESTIC_REPOSITORY": f"/repository/{name}", "RESTIC_PASSWORD_FILE": "/repository-password/password"}
    held = int(server.execute("bash", "-c", script, environment=places).log)
    assert held == rows["public.bill_inquiry_history"] > 0
    assert results(server, name) == [(True, None)]


@oldest
def test_a_failed_dump_leaves_no_backup_and_after_seven_bad_days_the_good_one_is_there(
    server: Server, name: str, backups: Backups
) -> None:
    good = backup(backups, name)
    with server.connect(database=name) as connection:
        connection.execute("CREATE TABLE public.secret (x INT)")
        connection.execute("ALTER TABLE public.secret ENABLE ROW LEVEL SECURITY")  # pg_dump refuses to dump a part
        for _ in range(7):
            assert failed(backups.run(database=name), "no backup was made")
        assert kept(backups) == [good]
        connection.execute("DROP TABLE public.secret")
    assert kept(backups) == [good]
    last = backup(backups, name)
    assert last in kept(backups)
    assert [succeeded for succeeded, _ in results(server, name)] == [True, *[False] * 7, True]
    messages = {message for succeeded, message in results(server, name) if not succeeded}
    assert [message for message in messages if "row-level security" not in str(message)] == []
    backups.apply("bill-inquiry-backup-check", name)


def test_only_after_a_good_backup_are_old_ones_removed(server: Server, name: str, migrated: None) -> None:
    backups = Backups(server, {"backup": {"keep": {"last": 1, "daily": 2, "weekly": 0, "monthly": 0}}}, name)
    backup(backups, name)
    for day in (1, 2, 3):
        done = backups.restic(
            "backup", "--quiet", "--tag=backup", f"--host={SOCKETS}", f"--time=2026-10-0{day} 12:00:00",
            f"--stdin-filename={name}.dump", "--stdin-from-command", "--", "echo", str(day),
        )  # fmt: skip
        assert done.status == 0, done.log
    last = backup(backups, name)
    times = [snapshot["time"][:10] for snapshot in json.loads(backups.restic("snapshots", "--json", "--no-lock").log)]
    assert times[0] == "2026-10-03"
    assert len(times) == 2
    assert kept(backups)[-1] == last


@newest
def test_a_backup_that_is_killed_is_none_and_the_next_one_finds_nothing_in_its_way(
    server: Server, name: str, backups: Backups
) -> None:
    write(server, name)
    backup(backups, name)
    for moment in range(KILLS):
        job = backups.start(database=name)
        threading.Event().wait(0.2 + moment * 0.25)
        if job.running():
            job.kill()
        job.end()
        assert kept(backups)
    for snapshot in kept(backups):  # one that was finished before its run was killed is whole
        done = backups.restic("dump", "--no-lock", snapshot, f"/{name}.dump", "--target=/dev/null")
        assert done.status == 0, done.log
    backup(backups, name)
    backups.apply("bill-inquiry-backup-check", name)
    assert backups.restic("list", "locks", "--no-lock").log == ""
    with server.connect(database="postgres") as connection:
        wait_for_count(connection, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'billdb/backup'", 0)


def test_two_backups_at_once_take_turns(server: Server, name: str, backups: Backups) -> None:
    with server.connect(database="postgres") as third:
        third.execute("SELECT pg_advisory_lock(hashtext('billdb backup'))")
        jobs = [backups.start(database=name) for _ in range(2)]
        wait_for_count(third, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 2)
    done = [job.end() for job in jobs]
    assert [run.status for run in done] == [0, 0], done
    assert all("another job of the repository is at work" in run.log for run in done)
    assert len(results(server, name)) == 2
    backups.apply("bill-inquiry-backup-check", name)


def test_a_server_that_is_killed_during_a_backup_leaves_none(server: Server, name: str, backups: Backups) -> None:
    good = backup(backups, name)
    write(server, name)
    with server.connect(database=name) as connection:
        connection.execute("BEGIN; LOCK TABLE public.system_config")  # pg_dump waits here
        job = backups.start(database=name)
        with server.connect(database="postgres") as other:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'billdb/backup' AND wait_event = 'relation'"
            wait_for_count(other, waits, 1)
        server.kill()
        connection.close()
    run = job.end()
    server.wait()
    assert failed(run, "the session ended that has the turn at the repository")
    assert kept(backups) == [good]
    backup(backups, name)


def test_policy_of_a_table_is_not_asked_by_the_role_that_reads_everything(server: Server, name: str, backups: Backups) -> None:
    with server.connect(database=name) as connection:
        connection.execute("CREATE SEQUENCE public.asked")
        connection.execute("GRANT ALL ON SEQUENCE public.asked TO PUBLIC")
        connection.execute("CREATE TABLE public.secret AS SELECT 1 AS x")
        connection.execute("ALTER TABLE public.secret ENABLE ROW LEVEL SECURITY")
        connection.execute("CREATE POLICY ask ON public.secret USING (nextval('public.asked') > 0)")
        assert failed(backups.run(database=name), "row-level security")
        assert connection.execute("SELECT is_called FROM public.asked").fetchone() == (False,)


def test_another_password_reads_nothing_and_changes_nothing(server: Server, name: str, backups: Backups) -> None:
    good = backup(backups, name)
    file = server.folder / "repository-password" / "password"
    file.write_text("another")
    try:
        run = backups.run(database=name)
    finally:
        file.write_text(REPOSITORY_PASSWORD)
    assert failed(run, "the repository's password is not that of", 3)
    assert kept(backups) == [good]
    assert REPOSITORY_PASSWORD not in run.log
    assert results(server, name)[-1][0] is False


def test_a_flipped_byte_in_the_repository_is_found_by_the_check(server: Server, name: str, migrated: None) -> None:
    backups = Backups(server, {"backup": {"check": {"readData": "100%"}}}, name)
    write(server, name)
    backup(backups, name)
    pack = max((server.folder / "repository" / name / "data").rglob("*"), key=lambda file: file.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)
    assert failed(backups.run("bill-inquiry-backup-check", name), "the repository is damaged", 3)
    assert "damaged" in str(results(server, name, "check")[-1][1])


def test_a_full_volume_fails_with_the_reason_and_has_room_again_after(server: Server, name: str, migrated: None) -> None:
    backups = Backups(server)
    command = backups.command("bill-inquiry-backup")
    environment = backups.variables("bill-inquiry-backup", name) | {"RESTIC_REPOSITORY": "/scratch/data"}
    container = server.job(["sleep", "infinity"], {}, "512m", scratch="3m")

    def run() -> Run:
        return run_in(container, (server.folder, SHARED), command, environment=environment)

    try:
        assert run().status == 0
        with server.connect(database=name) as connection:  # what does not compress
            connection.execute("CREATE TABLE public.noise AS SELECT gen_random_uuid() AS x FROM generate_series(1, 400000)")
            connection.execute("ALTER TABLE public.noise OWNER TO bill_inquiry_owner")
            for _ in range(2):
                assert failed(run(), "no space left on device")
            connection.execute("DROP TABLE public.noise")
        log = run()
        assert log.status == 0, log.log
        assert "2 snapshots\n" in log.log
    finally:
        container.stop()
    assert [succeeded for succeeded, _ in results(server, name)] == [True, False, False, True]
    assert "no space left" in str(results(server, name)[1][1])


def test_no_password_is_in_an_argument_or_a_log(server: Server, name: str, backups: Backups) -> None:
    write(server, name)
    with server.connect(database=name) as connection:
        connection.execute("BEGIN; LOCK TABLE public.system_config")
        job = backups.start(database=name)
        with server.connect(database="postgres") as other:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'billdb/backup' AND wait_event = 'relation'"
            wait_for_count(other, waits, 1)
        arguments = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if os.access(file, os.R_OK)]
        connection.execute("ROLLBACK")
    log = job.end().log
    assert any(b"--stdin-from-command" in line for line in arguments)
    for secret in (REPOSITORY_PASSWORD, "backup-1234"):
        assert not [line for line in arguments if secret.encode() in line]
        assert secret not in log
        assert secret not in server.log()


def test_a_dump_waits_for_no_lock_for_longer_than_a_minute_and_is_in_nobodys_way(
    server: Server, name: str, backups: Backups
) -> None:
    write(server, name)
    job = backups.start(database=name)
    with server.connect(database=name) as connection:
        connection.execute("SET lock_timeout = '1s'")
        while job.running():
            connection.execute("UPDATE bill_inquiry_history SET status = 'COMPLETED' WHERE request_id = 'a-1'")
    assert job.end().status == 0
