"""The schema Job's script, run once, again, at the same time, and in the container that the Job gives it."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from harness.servers import Server
from tests.database.catalogue import catalogue
from tests.database.conftest import Hook


def migrations(hook: Hook) -> list[str]:
    return [line.split()[1] for line in hook.log.splitlines() if line.startswith("applied ")]  # type: ignore[attr-defined]


def test_first_run_applies_every_migration_and_the_second_changes_nothing(server: Server, name: str) -> None:
    first = Hook(server).apply(name)
    assert first.count("\napplied    V") >= 5
    with server.connect(database=name) as connection:
        before = catalogue(connection)
        second = Hook(server).apply(name)
        assert "applied" not in second
        assert "privilege" not in second
        assert catalogue(connection) == before
        assert connection.execute("SELECT count(*) FROM audit.system_config_history").fetchone() == (13,)
