"""The tables' owner, or who got its rights, puts code into the database that a superuser would run at a restore."""

from typing import LiteralString

import pytest

from harness.database.backups import Backups
from harness.database.servers import SOCKETS, Server
from tests.database.restoring import databases, made_backup, one
from tests.database.versions import oldest_and_newest

pytestmark = oldest_and_newest
# Whoever runs it and may, makes the service a superuser; who may not, is not stopped by it.
ATTACK: LiteralString = """
CREATE FUNCTION public.attack_now() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    RESET SESSION AUTHORIZATION;
    RESET ROLE;
    ALTER ROLE bill_inquiry_user SUPERUSER;
EXCEPTION WHEN OTHERS THEN
    NULL;
END
$$;
CREATE FUNCTION public.attack(TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM public.attack_now();
    RETURN $1;
END
$$;
CREATE FUNCTION public.attack_row() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN PERFORM public.attack(''); RETURN NEW; END $$;
CREATE DOMAIN public.attacking AS TEXT CHECK (public.attack(VALUE) IS NOT NULL);
CREATE TABLE public.attacked (
    n INT DEFAULT length(public.attack('')), a TEXT CHECK (public.attack(a) IS NOT NULL), b public.attacking,
    c TEXT GENERATED ALWAYS AS (public.attack(a)) STORED
);
INSERT INTO public.attacked (a, b) SELECT n::text, n::text FROM generate_series(1, 10) AS n;
CREATE INDEX attacked_expression ON public.attacked (public.attack(a));
CREATE INDEX attacked_constant ON public.attacked (a) WHERE public.attack('x') = a;
CREATE STATISTICS public.attacked_statistics ON (public.attack(a)), n FROM public.attacked;
CREATE MATERIALIZED VIEW public.attacked_view AS SELECT public.attack(a) AS a FROM public.attacked;
CREATE INDEX attacked_ledger ON public.bill_inquiry_history (public.attack(request_id));
CREATE TRIGGER attacked BEFORE INSERT ON public.bill_inquiry_history FOR EACH ROW EXECUTE FUNCTION public.attack_row();
CREATE FUNCTION public.count(BIGINT) RETURNS BIGINT LANGUAGE sql AS $$ SELECT length(public.attack(''))::BIGINT $$;
"""


def superuser_made(server: Server) -> bool:
    """Whether the attack had its way; undone."""
    with server.connect(database="postgres") as connection:
        found = one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = 'bill_inquiry_user'")
        connection.execute("ALTER ROLE bill_inquiry_user NOSUPERUSER")
    return bool(found)


@pytest.fixture
def attacked(server: Server, name: str, migrated: None) -> Backups:
    """A backup of a database in which the owner has put its code."""
    with server.connect(database=name) as connection:
        connection.execute("ALTER ROLE bill_inquiry_owner PASSWORD 'stolen'")
    with server.connect("bill_inquiry_owner", name, password="stolen") as connection:
        connection.execute(ATTACK)
    assert not superuser_made(server)
    return made_backup(server, name)


def test_superuser_who_restores_without_the_job_runs_it(server: Server, name: str, attacked: Backups) -> None:
    [[snapshot]] = [attacked.restic("snapshots", "--json").log.split('"short_id":"')[1:]]
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}_plain TEMPLATE template0".encode())
    plain = (
        f"/restic/restic --no-cache dump {snapshot[:8]} /{name}.dump | "
        f"{{ IFS= read -r _; pg_restore --host={SOCKETS} --username=billdb_hook --dbname={name}_plain; }}"
    )
    places = {"RESTIC_REPOSITORY": f"/repository/{name}", "RESTIC_PASSWORD_FILE": "/repository-password/password"}
    server.execute("bash", "-c", plain, environment=places)
    assert superuser_made(server)
    with server.connect(database="postgres") as connection:
        connection.execute(f"DROP DATABASE {name}_plain".encode())


def test_restore_swap_and_drill_run_it_with_its_owners_rights(server: Server, name: str, attacked: Backups) -> None:
    there = "SELECT array_agg((relname, relowner::regrole) ORDER BY relname) FROM pg_class WHERE relname LIKE 'attacked%'"
    with server.connect(database=name) as connection:
        before = one(connection, there)
    done = attacked.restore(name, then="swap")
    assert done.status == 0, done.log
    assert not superuser_made(server)
    with server.connect(database=name) as connection:
        assert one(connection, there) == before
    drill = attacked.run("bill-inquiry-drill", name)
    assert drill.status == 0, drill.log
    for database in databases(server, name) - {name}:
        with server.connect(database="postgres") as connection:
            connection.execute(f"DROP DATABASE {database}".encode())


def test_what_the_owner_gives_the_restorer_keeps_no_later_run_from_its_work(server: Server, name: str, migrated: None) -> None:
    with server.connect(database=name) as connection:
        connection.execute("CREATE ROLE billdb_restore SUPERUSER LOGIN PASSWORD 'known'")
        connection.execute("SET SESSION AUTHORIZATION bill_inquiry_owner")
        connection.execute("GRANT SELECT ON public.customer_info TO billdb_restore")
    backups = made_backup(server, name)
    done = backups.restore(name, then="swap")
    assert done.status == 0, done.log
    with server.connect(database="postgres") as connection:
        assert (
            one(connection, "SELECT count(*) FROM pg_roles WHERE rolname = 'billdb_restore' AND (rolsuper OR rolcanlogin)") == 0
        )
        for database in databases(server, name) - {name}:
            connection.execute(f"DROP DATABASE {database}".encode())
        connection.execute("DROP ROLE IF EXISTS billdb_restore")


def test_rows_are_not_in_the_log_of_a_restore_that_fails(server: Server, name: str, migrated: None) -> None:
    with server.connect(database=name) as connection:
        connection.execute("SET SESSION AUTHORIZATION bill_inquiry_owner")
        connection.execute("""
            CREATE FUNCTION public.fails(TEXT) RETURNS BOOLEAN LANGUAGE plpgsql IMMUTABLE AS $$
            BEGIN
                IF current_database() LIKE '%\\_restoring' THEN
                    RAISE EXCEPTION 'no' USING DETAIL = 'line ' || $1;
                END IF;
                RETURN TRUE;
            END
            $$
        """)
        connection.execute("ALTER TABLE public.customer_info ADD CHECK (public.fails(line_number))")
    done = made_backup(server, name).restore(name)
    assert done.status == 3
    assert "restoring what is bill_inquiry_owner's failed, for the reason above" in done.log
    assert "ERROR:  no" in done.log
    assert "01011112222" not in done.log
    assert databases(server, name) == {name}
