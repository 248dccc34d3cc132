"""The programs that dump and restore, each image's with its own server: backups and moves to another major rely on them."""

import pytest

from harness.database.hook import DATABASE
from harness.database.servers import HOOK, PASSWORDS, SOCKETS, Server
from tests.database.catalogue import catalogue

PASSWORD = {"PGPASSWORD": PASSWORDS["bill_backup_user"]}
AS_BACKUP = f"--host={SOCKETS} --username=bill_backup_user"
AS_SUPERUSER = f"--host={SOCKETS} --username={HOOK}"


@pytest.mark.parametrize("program", ["pg_amcheck", "pg_dump", "pg_dumpall", "pg_restore"])
def test_program_is_not_older_than_the_server(server: Server, program: str) -> None:
    done = server.execute(program, "--version")
    assert done.status == 0, done.log
    assert int(done.log.split()[-1].partition(".")[0]) >= int(server.major)  # the stand-in for 14 has that of 15


def test_dump_of_the_database_restores_to_the_same(server: Server, name: str, reference: list[str]) -> None:
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER bill_inquiry_owner".encode())
    with server.connect(database=name) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # of a new database of 14; the dump says nothing of it
    # Extensions belong to whoever makes them: with --role, to postgres.
    dump = f"pg_dump {AS_BACKUP} --format=custom --compress=0 {DATABASE}"
    pipe = f"set -o pipefail; {dump} | pg_restore {AS_SUPERUSER} --role=postgres --exit-on-error --dbname={name}"
    done = server.execute("bash", "-c", pipe, environment=PASSWORD)
    assert (done.status, done.log) == (0, "")
    with server.connect(database=name) as connection:
        restored = catalogue(connection)
    of_the_database = [line for line in reference if line.startswith("database: ")]  # a dump without --create leaves that out
    assert [line for line in restored if not line.startswith("database: ")] == sorted(set(reference) - set(of_the_database))


def test_backups_role_dumps_the_roles_without_their_passwords(server: Server, installed: str) -> None:
    done = server.execute("bash", "-c", f"pg_dumpall {AS_BACKUP} --globals-only --no-role-passwords", environment=PASSWORD)
    assert done.status == 0, done.log
    assert ("CREATE ROLE bill_inquiry_owner;" in done.log, "PASSWORD" in done.log) == (True, False)
