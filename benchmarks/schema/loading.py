"""Fills one database with rows and keys, copies it, and gives each copy its indexes."""

import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.schema import databases, server
from harness import paths
from harness.local.machine import MachineError
from harness.progress import step

HERE = Path(__file__).parent
HOOKS = paths.CHART / "hooks"
ROLES = (
    "postgres",
    "bill_inquiry_user",
    "bill_readonly_user",
    "bill_backup_user",
    "bill_monitoring_user",
    "bill_maintenance_user",
)
SPEED = "V0006"  # from here on: what the design does not have
TABLES = {"bill": "bill_inquiry_history", "kos": "kos_inquiry_history"}
KEYS_LAST = """
    SELECT CASE contype WHEN 'f' THEN 'later' ELSE 'now' END, conname,
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype IN ('p', 'u', 'f') ORDER BY contype
"""
LOADED = "loaded"  # the copies' template


def fill(rows: int) -> None:
    """Make all databases anew, with `rows` rows in each history table and a 25th of that in the cache."""
    for database in (LOADED, *databases.ALL):
        server.query("postgres", f"DROP DATABASE IF EXISTS {database}")
    _migrate(LOADED, before=SPEED)
    server.psql(LOADED, f"--file={HERE / 'functions.sql'}")
    _load(rows)
    with step("copy the database"):
        _copy(LOADED, databases.DESIGN)
        _copy(LOADED, databases.CHART)
        server.query("postgres", f"DROP DATABASE {LOADED}")
    with ThreadPoolExecutor() as threads, step("index the copies"):
        _all(threads.map(lambda work: work(), (_design, lambda: _migrate(databases.CHART))))
    with step("copy the design, and index lines"):
        _copy(databases.DESIGN, databases.LINES)
        server.psql(databases.LINES, f"--file={HERE / 'design-line.sql'}")
    with ThreadPoolExecutor() as threads, step("fill the caches, and vacuum"):
        _all(threads.map(lambda database: _finish(database, rows), databases.ALL))


def fill_chart(rows: int) -> None:
    """Make the chart's database alone, with the same rows."""
    _migrate(LOADED, before=SPEED)
    server.psql(LOADED, f"--file={HERE / 'functions.sql'}")
    _load(rows)
    server.query("postgres", f"ALTER DATABASE {LOADED} RENAME TO {databases.CHART}")
    with step("index"):
        _migrate(databases.CHART)
    with step("fill the cache, and vacuum"):
        _finish(databases.CHART, rows)


def filled(rows: int) -> bool:
    """Whether an earlier run filled the databases with so many rows."""
    asked = "SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = "
    return set(databases.ALL) <= set(server.query("postgres", f"{asked}'{_mark(rows)}'").splitlines())


def _mark(rows: int) -> str:
    return f"{rows} rows"


def _load(rows: int) -> None:
    keys = [_strip(table) for table in reversed(TABLES.values())]
    with ThreadPoolExecutor() as threads, step(f"load 2 x {rows:,} rows"):
        _all(threads.map(lambda name: server.psql(LOADED, f"--set=rows={rows}", f"--file={HERE / name}.sql"), TABLES))
    with ThreadPoolExecutor() as threads, step("make the keys"):
        _all(threads.map(lambda statements: server.query(LOADED, ";\n".join(statements[0])), keys))
        server.query(LOADED, ";\n".join(statement for _, later in keys for statement in later))
    with step("vacuum"):
        server.query(LOADED, "VACUUM")


def _copy(template: str, database: str) -> None:
    server.query("postgres", f"CREATE DATABASE {database} TEMPLATE {template}")


def _design() -> None:
    """Make the design's indexes, two at a time."""
    statements = (HERE / "design.sql").read_text().split(";\n")
    with ThreadPoolExecutor(2) as threads:
        _all(threads.map(lambda statement: server.query(databases.DESIGN, statement), statements))


def _finish(database: str, rows: int) -> None:
    server.psql(database, f"--set=rows={rows}", f"--file={HERE / 'cache.sql'}")
    server.query(database, f"VACUUM (ANALYZE);\nCOMMENT ON DATABASE {database} IS '{_mark(rows)}'")


def _migrate(database: str, before: str = "W") -> None:
    """Run the hook's script with the chart's migrations before this one; it makes the database if need be."""
    scripts, credentials = server.FOLDER / f"hooks-{database}", server.FOLDER / "credentials"
    shutil.rmtree(scripts, ignore_errors=True)
    shutil.copytree(HOOKS, scripts, ignore=shutil.ignore_patterns("migrations"))
    for file in (HOOKS / "migrations").glob("*.sql"):
        if file.name < before:
            shutil.copy(file, scripts)
    credentials.mkdir(exist_ok=True)
    for role in ROLES:
        (credentials / role).write_text("none is asked for on this socket")
    settings = {
        "PGDATABASE": database, "CREDENTIALS": str(credentials), "RELEASE": "bench", "CHART_VERSION": "0", "WAIT_SECONDS": "10",
        "LOCK_TIMEOUT": "10s", "LOCK_TRIES": "1", "DEADLINE_SECONDS": "3600",
    }  # fmt: skip
    command = ["bash", str(scripts / "migrate.sh")]
    done = subprocess.run(command, env=server.environment() | settings, capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"the migrations of {database}:\n{done.stdout}{done.stderr}")


def _strip(table: str) -> tuple[list[str], list[str]]:
    """Drop the table's keys; gives the statements that make them again, and those for after all tables'."""
    now: list[str] = []
    later: list[str] = []
    for line in server.query(LOADED, KEYS_LAST.format(table=table)).splitlines():
        when, name, statement = line.split("|", 2)
        (now if when == "now" else later).append(statement)
        server.query(LOADED, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return now, later


def _all(results: Iterable[object]) -> None:
    """Wait for the threads, and pass their errors on."""
    list(results)
