from dataclasses import replace

import pytest

from benchmarks import results
from benchmarks.schema import compare, databases, headline, reads, report, retention, writes
from benchmarks.schema.measure import Figures
from benchmarks.schema.pgbench import Execution, Times
from benchmarks.schema.writes import Written


def times(milliseconds: float, number: int = 100) -> Times:
    return Times([Execution(n, n + 1, milliseconds) for n in range(number)])


def by_database(design: float, lines: float, chart: float) -> dict[str, list[Times]]:
    return {"design": [times(design)] * 5, "design_lines": [times(lines)] * 5, "chart": [times(chart)] * 5}


def rates(design: float, lines: float, chart: float) -> dict[str, list[Written]]:
    return {"design": [Written(design, 1)] * 5, "design_lines": [Written(lines, 1)] * 5, "chart": [Written(chart, 1)] * 5}


FIGURES = Figures(
    rows=1_000,
    sizes={database: {"tables": 2**20, "indexes": size * 2**20} for database, size in zip(databases.ALL, (3, 5, 1), strict=True)},
    reads={
        reads.CONTROL: by_database(1_000, 1_000, 1),
        "a": by_database(8, 1, 2),
        "b": by_database(8, 4, 1),
    },
    writes={name: rates(1, 2, 4) for name in writes.SCRIPTS},
    retention={
        work.name: {database: [retention.Deleted(10, 1.5, times(2), 2**20, 2**20)] * 5 for database in databases.ALL}
        for work in retention.WORKS
    },
)


@pytest.mark.parametrize(("baseline", "mean"), [("design", 32**0.5), ("design_lines", 2**0.5)])
def test_the_mean_is_geometric_and_a_turn_each(baseline: str, mean: float) -> None:
    kinds = [FIGURES.reads[name] for name in "ab"]
    assert compare.mean_p50(kinds, baseline) == pytest.approx([mean] * 5)


def test_a_p99_needs_enough_executions_in_every_turn() -> None:
    assert compare.p99([times(1, 1_000), times(1, 999)]) is None
    assert compare.p99([times(1, 1_000), times(2, 1_000)]) == [1, 2]


def test_clients_count_while_something_is_deleted_only() -> None:
    assert times(1, 10).within(2.5, 4.5).executions == times(1, 10).executions[2:5]


def test_the_rate_is_of_the_time_from_the_first_begin_to_the_last_end() -> None:
    assert Times([Execution(10, 11, 1_000), Execution(10.5, 12, 1_500)]).rate == 1


def test_the_headline_leaves_out_the_control_and_names_what_is_slower() -> None:
    assert headline.text(FIGURES).split("\n\n") == [
        "**Beside the design**, a reading's p50 is 5.66 (5.66 to 5.66) times the chart's, in geometric mean of 2 kinds."
        " The chart does 4.00 (4.00 to 4.00) times as many inquiries' writes a second. The database is 2.00 times as large as the"
        " chart's. The chart reads slower in 0 of 2 kinds.",
        "**Beside the design + (line, time)**, a reading's p50 is 1.41 (1.41 to 1.41) times the chart's, in geometric mean of 2"
        " kinds."
        " The chart does 2.00 (2.00 to 2.00) times as many inquiries' writes a second. The database is 3.00 times as large as the"
        " chart's. The chart reads slower in 1 of 2 kinds: a (0.50).",
    ]


def test_the_tables_are_as_wide_as_their_headers() -> None:
    text = report.section(FIGURES, 1)
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 7
    assert [table for table in tables if len({line.count("|") for line in table}) > 1] == []


def test_the_section_is_one_of_results() -> None:
    assert "\n## " not in "\n" + report.section(FIGURES, 1)
    assert results.replaced("", "S", report.section(FIGURES, 1), "S").count("\n## ") == 1


def test_a_deletion_may_be_done_before_a_client_did_something() -> None:
    nothing = {database: [retention.Deleted(10, 0.01, Times([]), 1, 1)] for database in databases.ALL}
    text = report.section(replace(FIGURES, retention={"little": nothing}), 1)
    assert "| the chart | 1 | 10 (10 to 10) | 0.01 (0.01 to 0.01) | 0 |  |  |  | 0 | 0 |" in text
