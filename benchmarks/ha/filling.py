"""The benchmark's rows in a release's database: those of the part `schema`."""

from benchmarks.ha import servers
from benchmarks.schema.loading import HERE
from harness.on_cluster.release import Release
from harness.progress import step

# The service's role draws its documents by them.
OPEN = "GRANT USAGE ON SCHEMA bench TO PUBLIC;"


def functions(release: Release) -> None:
    """Make what scripts of pgbench draw their rows with."""
    servers.psql(release, f"{(HERE / 'functions.sql').read_text()}{OPEN}")


def fill(release: Release, rows: int) -> float:
    """Give the three tables rows, `rows` each of the history; returns the database's size in GB, 10^9 bytes."""
    functions(release)
    with step(f"load 2 x {rows:,} rows"):
        for name in ("bill", "kos", "cache"):
            servers.psql(release, (HERE / f"{name}.sql").read_text(), rows=rows)
        servers.psql(release, "VACUUM (ANALYZE);\nCHECKPOINT;")
    return size(release)


def size(release: Release) -> float:
    """GB, 10^9 bytes."""
    return int(servers.psql(release, "SELECT pg_database_size(current_database());")) / 1e9
