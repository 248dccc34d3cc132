"""What each query of the chart's own takes alone, asked as the exporter asks."""

from collections.abc import Mapping, Sequence

from benchmarks.monitoring.exporter import ROLE
from benchmarks.schema import server
from benchmarks.schema.databases import CHART
from harness import metrics_table


def measure(number: int) -> Mapping[str, Sequence[float]]:
    """Milliseconds in the server by query, a value a turn after one to warm up, by EXPLAIN: its planning and its execution."""
    return {name: _times(query["query"], number) for name, query in metrics_table.queries().items()}


def _times(sql: str, number: int) -> list[float]:
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY) {sql}"
    login = f"user={ROLE} dbname={CHART} options='-c search_path=pg_catalog'"
    said = server.psql(login, *(number + 1) * (f"--command={explain}",))
    told = [float(line.split()[-2]) for line in said.splitlines() if line.startswith(("Planning Time", "Execution Time"))]
    both = [planning + execution for planning, execution in zip(told[::2], told[1::2], strict=True)]
    return both[1:]
