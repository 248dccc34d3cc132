"""Passwords: any character works, a new one takes over, and none is ever written anywhere."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import HOOK, PASSWORDS, SHARED, Server
from harness.database.watching import OF_A_RUN
from harness.waiting import wait_for
from tests.database.versions import oldest_and_newest

NEW = {
    "postgres": "new'superuser",
    "bill_inquiry_user": "'; DROP ROLE bill_readonly_user; --",
    "bill_readonly_user": '"$(touch /tmp/run)" \\n \\',
    "bill_backup_user": "새 비밀번호 🔑",
    "bill_monitoring_user": ":'password' {curly} %s",
    "bill_maintenance_user": "`id` $(id) | \\t",
}


def test_new_passwords_take_over_at_the_next_run_and_are_written_nowhere(server: Server, installed: str) -> None:
    folder = server.credentials(NEW, "new-passwords")
    try:
        log = Hook(server, environment={"CREDENTIALS": folder}).apply()
        for role, password in NEW.items():
            server.connect(role, password=password).close()
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                server.connect(role, password=PASSWORDS[role])
        with server.connect() as connection:
            statements = connection.execute("SELECT query FROM pg_stat_statements").fetchall()
    finally:
        Hook(server).apply()
    written = {
        "the Job's log": log + installed,
        "the server's log": server.log(),
        "pg_stat_statements": "\n".join(str(query) for (query,) in statements),
    }
    assert "ALTER ROLE bill_inquiry_user LOGIN" in written["the server's log"]
    assert "ALTER ROLE bill_inquiry_user LOGIN" in written["pg_stat_statements"]
    found = [
        f"{role}'s in {where}"
        for where, text in written.items()
        for passwords in (NEW, PASSWORDS)
        for role, password in passwords.items()
        if password in text or password.replace("'", "''") in text or "SCRAM-SHA-256$" in text
    ]
    assert found == []


def test_password_is_not_seen_in_the_list_of_sessions_while_it_is_set(server: Server, installed: str) -> None:
    stop = '\\set opened `cat "$BARRIERS/":role`\n'  # each run's session stands still with the ALTER ROLE as its last query
    roles = ("bill_inquiry_owner", *(role for role in PASSWORDS if role != "postgres"), "postgres")
    barriers = server.folder / "barriers"
    barriers.mkdir()
    for role in roles:
        os.mkfifo(barriers / role)
        (barriers / role).chmod(0o666)
    hook = Hook(
        server,
        files={"password.sql": Hook(server).configmap()["password.sql"] + stop},
        environment={"BARRIERS": f"{SHARED}/barriers"},
    )
    job = hook.start()
    seen = {}
    with server.connect("bill_monitoring_user", "postgres") as watcher:
        for role in roles:
            with opened(barriers / role):
                seen[role] = watcher.execute(f"SELECT state, query {OF_A_RUN}".encode()).fetchall()
    assert job.end().status == 0
    shutil.rmtree(barriers)
    assert seen == {role: [("disabled", "")] for role in roles}


@contextmanager
def opened(barrier: Path) -> Iterator[None]:
    """Wait until somebody reads the named pipe, and let them go on when the block is over."""

    def opening() -> list[int]:
        try:
            return [os.open(barrier, os.O_WRONLY | os.O_NONBLOCK)]
        except OSError:  # nobody reads it yet
            return []

    [pipe] = wait_for(opening, f"a reader of {barrier}")
    yield
    os.close(pipe)


def test_passwords_are_stored_as_the_values_say(server: Server, installed: str) -> None:
    with server.connect() as connection:
        stored = connection.execute(
            "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname LIKE 'bill\\_%' AND rolcanlogin"
        ).fetchall()
    assert stored == [("SCRAM-SHA-256$",)] * 6


@oldest_and_newest
def test_rotation_that_failed_half_way_is_finished_by_the_next_run(server: Server, installed: str) -> None:
    folder = server.credentials(NEW, "half-way-passwords")
    broken = Hook(
        server, files={"password.sql": Hook(server).configmap()["password.sql"] + FAIL}, environment={"CREDENTIALS": folder}
    )
    done = broken.run()
    assert done.status == 3
    for role, password in PASSWORDS.items():
        server.connect(role, password=password).close()
    try:
        Hook(server, environment={"CREDENTIALS": folder}).apply()
        for role, password in NEW.items():
            server.connect(role, password=password).close()
    finally:
        Hook(server, environment={"PGUSER": HOOK}).apply()


FAIL = r"""SELECT :'role' = 'postgres' AS last \gset
\if :last
SELECT 1 / 0;
\endif
"""
