"""Nobody becomes superuser, and no other role the owner, by what is in a transaction that ends while the schema Job runs."""

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.watching import wait_for_waiters
from tests.database.attacks import LOOT, OWNER, SERVICE, function
from tests.database.test_escalation import superusers as superusers

RAN = "SELECT a.is_called, b.is_called FROM loot.by_superuser AS a, loot.by_owner AS b"
BETTER = function("public.set_config(text, name, boolean)")


@pytest.fixture
def prepared(server: Server, installed: str, superusers: None, name: str, request: pytest.FixtureRequest) -> None:
    """A database that the chart has not seen yet, whose owner the attacker is."""
    attacker = request.param
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {attacker}".encode())
        connection.execute(f"ALTER ROLE {attacker} LOGIN PASSWORD 'attacker'".encode())  # the run gives it its own again
    with server.connect(database=name) as connection:
        connection.execute(LOOT.encode())
        connection.execute(f"GRANT ALL ON SCHEMA public, loot TO {attacker}".encode())


def ran(server: Server, name: str) -> object:
    """Whether the attacker's code was run by a superuser and by the owner."""
    with server.connect(database=name) as connection:
        return connection.execute(RAN).fetchone()


@pytest.mark.parametrize("prepared", [OWNER], indirect=True)
def test_function_that_appears_during_a_superusers_migration_is_run_by_nobody(server: Server, prepared: None, name: str) -> None:
    def attacker() -> psycopg.Connection:
        return server.connect(OWNER, name, password="attacker")

    with attacker() as holder, attacker() as author, server.connect(database=name) as watcher:
        holder.execute("CREATE SCHEMA audit")
        holder.execute("BEGIN; CREATE TABLE audit.ddl_history ()")  # V0002 waits for it
        author.execute("BEGIN;" + BETTER)
        job = Hook(server, environment={"LOCK_TIMEOUT": "10min"}).start(name)
        wait_for_waiters(watcher, holder.info.backend_pid)
        author.execute("COMMIT")
        holder.execute("ROLLBACK")
        done = job.end()
    assert done.status == 0, done.log
    assert ran(server, name) == (False, False)


@pytest.mark.parametrize("prepared", [SERVICE], indirect=True)
def test_function_in_an_open_transaction_of_another_role_is_waited_for_and_then_stops_the_run(
    server: Server, prepared: None, name: str
) -> None:
    with server.connect(SERVICE, name, password="attacker") as author:
        author.execute("BEGIN;" + BETTER)
        done = Hook(server, environment={"LOCK_TIMEOUT": "100ms", "LOCK_TRIES": "1"}).run(name)
        assert done.status == 3
        assert f"canceling statement due to lock timeout: transactions of {SERVICE} are open" in done.log
        author.execute("COMMIT")
    done = Hook(server).run(name)
    assert done.status == 3
    assert f"- function public.set_config(text,name,boolean) of {SERVICE}" in done.log
    assert ran(server, name) == (False, False)


@pytest.mark.parametrize("prepared", [SERVICE], indirect=True)
def test_code_that_is_attached_to_a_table_while_it_becomes_the_owners_stops_the_run(
    server: Server, prepared: None, name: str
) -> None:
    with server.connect(SERVICE, name, password="attacker") as author, server.connect(database=name) as watcher:
        author.execute("CREATE TABLE public.mine (a INT)")
        author.execute("BEGIN;" + function("loot.mine(int)"))
        author.execute("ALTER TABLE public.mine ADD CHECK (loot.mine(a) IS NOT NULL)")
        job = Hook(server).start(name)
        wait_for_waiters(watcher, author.info.backend_pid)
        author.execute("COMMIT")
        done = job.end()
        assert done.status == 3
        assert "ERROR: somebody changed objects in public, cache or audit while they were given to bill_inquiry_owner" in done.log
        owner = watcher.execute("SELECT relowner::regrole::text FROM pg_class WHERE oid = 'public.mine'::regclass").fetchone()
        assert owner == (SERVICE,)
