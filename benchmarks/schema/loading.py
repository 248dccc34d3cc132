"""Fills a database: the chart's migrations, the rows, then keys and indexes over them all at once."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.schema import server
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
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = '{table}'
    AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass)
"""


def create(database: str, design: bool) -> None:
    """Make the database with its empty tables, as the hook makes them; for the design with its indexes instead of the chart's."""
    scripts, credentials = server.FOLDER / "hooks", server.FOLDER / "credentials"
    shutil.rmtree(scripts, ignore_errors=True)
    shutil.copytree(HOOKS, scripts, ignore=shutil.ignore_patterns("migrations"))
    for file in (HOOKS / "migrations").glob("*.sql"):
        if not (design and file.name >= SPEED):
            shutil.copy(file, scripts)
    credentials.mkdir(exist_ok=True)
    for role in ROLES:
        (credentials / role).write_text("none is asked for on this socket")
    settings = {
        "PGDATABASE": database, "CREDENTIALS": str(credentials), "RELEASE": "bench", "CHART_VERSION": "0", "WAIT_SECONDS": "10",
        "LOCK_TIMEOUT": "10s", "LOCK_TRIES": "1", "DEADLINE_SECONDS": "600",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", str(scripts / "migrate.sh")], env=server.environment() | settings, capture_output=True, text=True
    )
    if done.returncode:
        raise MachineError(f"the migrations of {database}:\n{done.stdout}{done.stderr}")
    server.psql(database, f"--file={HERE / 'functions.sql'}")
    if design:
        server.psql(database, f"--file={HERE / 'design.sql'}")


def load(database: str, rows: int) -> None:
    """Fill both history tables with `rows` rows each, the cache with a 25th of that, and vacuum them."""
    indexes = {table: _strip(database, table) for table in reversed(TABLES.values())}
    with ThreadPoolExecutor() as threads, step(f"load 2 x {rows:,} rows into {database}"):
        _all(threads.map(lambda name: server.psql(database, f"--set=rows={rows}", f"--file={HERE / name}.sql"), TABLES))
    with ThreadPoolExecutor() as threads, step(f"index {database}"):
        _all(threads.map(lambda table: server.query(database, ";\n".join(indexes[table][0])), TABLES.values()))
        server.query(database, ";\n".join(statement for table in TABLES.values() for statement in indexes[table][1]))
    with step(f"vacuum {database}"):
        server.psql(database, f"--set=rows={rows}", f"--file={HERE / 'cache.sql'}")
        server.query(database, "VACUUM (ANALYZE)")
    server.query(database, f"COMMENT ON DATABASE {database} IS '{_mark(rows)}'")


def loaded(database: str, rows: int) -> bool:
    """Whether an earlier run loaded this database with so many rows."""
    asked = f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{database}'"
    return server.query("postgres", asked) == _mark(rows)


def _mark(rows: int) -> str:
    return f"{rows} rows"


def _strip(database: str, table: str) -> tuple[list[str], list[str]]:
    """Drop keys and indexes of the table; gives the statements that make them again, and those for after all tables'."""
    now: list[str] = []
    later: list[str] = []
    for line in server.query(database, KEYS_LAST.format(table=table)).splitlines():
        when, name, statement = line.split("|", 2)
        (now if when == "now" else later).append(statement)
        server.query(database, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for line in server.query(database, INDEXES.format(table=table)).splitlines():
        name, statement = line.split("|", 1)
        now.append(statement)
        server.query(database, f"DROP INDEX {name}")
    return now, later


def _all(results: object) -> None:
    """Wait for the threads, and pass their errors on."""
    list(results)  # type: ignore[call-overload]
