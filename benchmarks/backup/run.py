"""The part `backup` of the benchmark."""

from benchmarks import machine
from benchmarks.backup import copying, growing, jobs, report, serving
from benchmarks.results import Section
from benchmarks.schema import loading, server
from benchmarks.schema.databases import CHART

GIBIBYTE_ROWS = 60_000  # rows of each history table for which the database, its copies and dumps need a GiB


def measure(number: int, rows: int) -> Section:
    """Fill the chart's database anew, measure, and remove it."""
    server.prepare(rows / GIBIBYTE_ROWS)
    try:
        jobs.prepare()
        with server.running(server.LOADING):
            loading.fill_chart(rows)
        with server.running():
            size = int(server.query("postgres", f"SELECT pg_database_size('{CHART}')"))
            found = report.Figures(
                rows=rows,
                size=size,
                dumps=copying.dump(number),
                sizes=copying.sizes(),
                restores=copying.restore(number),
                growth=growing.measure(rows, number),
                serving=serving.measure(rows, number),
            )
            version = machine.server(server.query("postgres", "SELECT version()"))
    finally:
        copying.remove()
        jobs.remove()
        server.remove()
    return Section(report.section(found), f"{version}, without a container")
