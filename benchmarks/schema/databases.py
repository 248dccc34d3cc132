"""The databases that are measured in turns: the same rows, and three sets of indexes."""

from benchmarks.schema import server

DESIGN, LINES, CHART = "design", "design_lines", "chart"
ALL = (DESIGN, LINES, CHART)
LABELS = {DESIGN: "the design", LINES: "the design + (line, time)", CHART: "the chart"}
SIZES = """
    SELECT CASE WHEN relkind = 'i' THEN 'indexes' ELSE 'tables' END, sum(pg_relation_size(oid) + CASE
        WHEN relkind = 'r' THEN coalesce(pg_table_size(oid) - pg_relation_size(oid), 0) ELSE 0 END)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') GROUP BY 1
"""


def sizes(database: str) -> dict[str, int]:
    """Bytes of tables and of indexes."""
    return {kind: int(size) for kind, size in (line.split("|") for line in server.query(database, SIZES).splitlines())}
