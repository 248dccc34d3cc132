"""Each released state of the schema, with rows, becomes the newest: as a fresh install is, and no row is lost or changed."""

import gzip
import re
from typing import Any

import psycopg
import pytest
from psycopg import sql

from harness import paths
from harness.database.hook import Hook
from harness.database.servers import PASSWORDS, SHARED, SOCKETS, Server
from harness.database.states import STATES
from tests.database.catalogue import catalogue

PASSWORD = {"PGPASSWORD": PASSWORDS["postgres"]}
RELEASED = sorted(STATES.glob("*.sql.gz"))
TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
)


def restore(server: Server, name: str, state: str) -> None:
    """Load a dump into a new database, as somebody would who brings a backup back."""
    (server.folder / "state.sql").write_text(state)
    with server.connect(database="postgres") as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    login = [f"--host={SOCKETS}", "--username=postgres", f"--dbname={name}"]
    done = server.execute(
        "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *login, f"--file={SHARED}/state.sql", environment=PASSWORD
    )
    assert done.status == 0, done.log


def rows(connection: psycopg.Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of the service."""
    found = {}
    for (table,) in connection.execute(TABLES).fetchall():
        query = sql.SQL("SELECT to_jsonb(t) FROM {} AS t ORDER BY t::text").format(sql.Identifier(table))
        found[table] = [row for (row,) in connection.execute(query)]
    return found


def first_rows(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("row of system_config")]


@pytest.mark.parametrize("state", RELEASED, ids=lambda file: file.name.removesuffix(".sql.gz"))
def test_released_state_becomes_the_newest_and_keeps_its_rows(
    server: Server, installed: str, name: str, state: Any, reference: list[str]
) -> None:
    restore(server, name, gzip.decompress(state.read_bytes()).decode())
    with server.connect(database=name) as connection:
        before = rows(connection)
        assert sum(map(len, before.values())) > 1000
        Hook(server).apply(name)
        after = rows(connection)
        for table, old in before.items():
            known = set(old[0])
            kept = [{key: value for key, value in row.items() if key in known} for row in after[table]]
            assert [row for row in old if row not in kept] == [], table
        assert first_rows(catalogue(connection)) == first_rows(reference)


def test_every_version_of_the_changelog_has_its_state() -> None:
    versions = re.findall(r"^## (\S+)$", (paths.ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sorted(file.name.removesuffix(".sql.gz") for file in RELEASED) == sorted(versions), "write it with: nox -s state"
