"""The part `schema` of the benchmark."""

from benchmarks import machine
from benchmarks.results import Section
from benchmarks.schema import loading, report, server
from benchmarks.schema.measure import figures

ROWS = 500_000  # of each history table: three databases of it are in memory together, and all is done in 25 minutes
SECONDS = 2  # of each kind of reading in each turn
GIBIBYTE_ROWS = 40_000  # rows of each history table in all databases that a GiB holds, with room to load


def measure(number: int, rows: int, seconds: int, keep: bool) -> Section:
    """Fill what is not there, then measure. `keep` leaves the data for the next run."""
    if not (keep and server.DATA.exists()):
        server.prepare(rows / GIBIBYTE_ROWS)
    try:
        with server.running(server.LOADING):
            if not loading.filled(rows):
                loading.fill(rows)
        with server.running():
            found = figures(rows, number, seconds)
            version = machine.server(server.query("postgres", "SELECT version()"))
    finally:
        if not keep:
            server.remove()
    return Section(report.section(found, seconds), f"{version}, without a container")
