"""Restores that are killed, told to end, or whose server is killed: nothing half-done is taken for done, the next succeeds."""

import time
from contextlib import suppress

from harness.database.jobs import Job
from harness.database.servers import Server
from tests.database.restoring import databases, made_backup, one
from tests.database.versions import newest, oldest_and_newest

MOMENTS = 20
pytestmark = oldest_and_newest


def kill(job: Job) -> None:
    """Kill it, unless it has ended just now, which the engine's client tells by an OSError."""
    with suppress(OSError):
        job.kill()


def states(server: Server, name: str) -> list[int]:
    """The rows of the live database, and of the restored one where there is one."""
    found = []
    for database in sorted(databases(server, name) & {name, f"{name}_restored"}):
        with server.connect(database=database) as connection:
            found.append(one(connection, "SELECT count(*) FROM bill_inquiry_history"))
    return found


@newest
def test_killed_at_twenty_moments_and_then_not(server: Server, name: str, migrated: None) -> None:
    backups = made_backup(server, name)
    with server.connect(database=name) as live:
        live.execute("INSERT INTO bill_inquiry_history (request_id, line_number) VALUES ('later', '1')")
    started = time.monotonic()
    assert backups.restore(name).status == 0
    whole = time.monotonic() - started
    with server.connect(database="postgres") as connection:
        connection.execute(f"DROP DATABASE {name}_restored".encode())
    seen = set()
    for moment in range(MOMENTS):
        job = backups.start("bill-inquiry-restore", name, FROM="latest", THEN="keep", REPLACE="true")
        time.sleep(whole * moment / MOMENTS)  # any moment will do
        kill(job)
        status = job.end().status
        assert status in (0, 137)
        assert states(server, name) in ([501], [501, 500]), "the live one as it was, and a restored one only if it is whole"
        seen.add((status, frozenset(database.removeprefix(name) for database in databases(server, name))))
    assert (137, frozenset({"", "_restoring"})) in seen, "some were killed in the middle"
    done = backups.restore(name, then="swap", REPLACE="true")
    assert done.status == 0, done.log
    assert states(server, name) == [500]
    [kept] = databases(server, name) - {name}
    with server.connect(database="postgres") as connection:
        assert one(connection, "SELECT to_regrole('billdb_restore')") is None
        connection.execute(f"DROP DATABASE {kept}".encode())


@newest
def test_swap_killed_at_twenty_moments_leaves_the_one_or_the_other(server: Server, name: str, migrated: None) -> None:
    backups = made_backup(server, name)
    with server.connect(database=name) as live:
        live.execute("INSERT INTO bill_inquiry_history (request_id, line_number) VALUES ('later', '1')")
    assert backups.restore(name).status == 0
    ends = []
    for moment in range(MOMENTS):
        job = backups.start("bill-inquiry-restore", name, FROM="latest", THEN="swap")
        for line in job.lines():
            if "already, by a run before this one" in line:
                time.sleep(moment * 0.02)
                break
        kill(job)
        job.end()
        swapped = states(server, name) == [500]
        assert swapped or states(server, name) == [501, 500]
        ends.append(swapped)
        if swapped:
            with server.connect(database="postgres") as connection:
                [kept] = databases(server, name) - {name}
                connection.execute(f"ALTER DATABASE {name} RENAME TO {name}_restored".encode())
                connection.execute(f"ALTER DATABASE {kept} RENAME TO {name}".encode())
    assert backups.restore(name, then="swap").status == 0
    assert states(server, name) == [500]
    assert not all(ends), "some were killed before"


def test_server_killed_during_a_restore_leaves_the_next_try_to_do_it(server: Server, name: str, migrated: None) -> None:
    backups = made_backup(server, name)
    job = backups.start("bill-inquiry-restore", name, FROM="latest", THEN="swap")
    for line in job.lines():
        if "what is bill_inquiry_owner's" in line:
            server.kill()
    assert job.end().status in (0, 2, 3)
    server.wait()
    assert backups.restore(name, then="swap", REPLACE="true").status == 0
    assert states(server, name) == [500]


def test_run_that_the_kubelet_ends_says_so_and_leaves_nothing(server: Server, name: str, migrated: None) -> None:
    backups = made_backup(server, name)
    job = backups.start("bill-inquiry-restore", name, FROM="latest", THEN="keep")
    for line in job.lines():
        if "what is the superuser's" in line:
            job.kill("TERM")
    done = job.end()
    assert done.status == 2, "another try may mend it"
    assert "told to end before it was done" in done.log
    assert databases(server, name) == {name}
