"""Passwords: any character works, a new one takes over, and none is ever written anywhere."""

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import HOOK, PASSWORDS, Server

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
    hook = Hook(server, files={"password.sql": slow_password_file(server)})
    job = hook.start()
    seen = set()
    with server.connect("bill_monitoring_user", "postgres") as watcher:
        while job.status != "exited":
            seen |= {str(query) for (query,) in watcher.execute("SELECT query FROM pg_stat_activity").fetchall()}
            job.reload()
    job.stop()
    assert any("roles" in query or "CREATE" in query for query in seen), "it looked while the Job ran"
    assert not [query for query in seen if "PASSWORD '" in query]


def slow_password_file(server: Server) -> str:
    """The file with a pause after the password is set, so that somebody who looks has the time to see it."""
    return Hook(server).configmap()["password.sql"] + "\\! sleep 0.2\n"


def test_passwords_are_stored_as_the_values_say(server: Server, installed: str) -> None:
    with server.connect() as connection:
        stored = connection.execute(
            "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname LIKE 'bill\\_%' AND rolcanlogin"
        ).fetchall()
    assert stored == [("SCRAM-SHA-256$",)] * 6


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
