from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from benchmarks import results
from benchmarks.backup import copying, growing, jobs, report, serving
from benchmarks.backup.growing import Growth
from benchmarks.backup.jobs import Result
from benchmarks.schema import pgbench, writes
from benchmarks.schema.pgbench import Execution, Times
from harness.chart import render

MB = 10**6


def times(milliseconds: float, number: int = 1_000) -> Times:
    return Times([Execution(n, n + 1, milliseconds) for n in range(number)])


def served(alone: float, beside: float) -> Mapping[str, Sequence[Times]]:
    return {serving.ALONE: [times(alone)] * 5, serving.BESIDE: [times(beside)] * 5}


FIGURES = report.Figures(
    rows=50_000,
    size=200 * MB,
    dumps={copying.PLAIN: [10.0, 20.0], copying.UNCOMPRESSED: [5.0, 5.0], copying.BACKUP: [12.0, 16.0]},
    sizes={copying.PLAIN: 30 * MB, copying.UNCOMPRESSED: 120 * MB, copying.BACKUP: 25 * MB},
    restores={copying.PLAIN_RESTORE: [20.0, 20.0], copying.RESTORE: [40.0, 50.0]},
    growth=Growth(
        Result(120 * MB, 25 * MB),
        {
            growing.A_DAY: [Result(0, MB)] * 3,
            growing.A_DAY_LESS: [Result(0, 2 * MB)] * 3,
            growing.ALL_OVER: [Result(0, 24 * MB)] * 3,
        },
    ),
    serving={serving.READ: served(2, 3), serving.WRITE: served(4, 5)},
)


def rows_of(text: str, first: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {first} |")]


def test_the_headline_has_each_turns_own_ratio_beside_what_is_aimed_at() -> None:
    assert report.headline(FIGURES) == (
        "**A backup** takes 1.00 (0.80 to 1.20) times as long as pg_dump, **a restore** 2.25 (2.00 to 2.50) times as long as"
        " pg_restore (aim: 1.3). **Another backup** after a day adds 4.0 (4.0 to 4.0) % of the first one (aim: 5), and 96.0"
        " (96.0 to 96.0) % where 1 % of the rows were updated all over the tables. **During a backup** the p99 of a read is 1.50"
        " (1.50 to 1.50) times as long, that of a write 1.25 (1.25 to 1.25) times as long (aim: 1.5)."
    )


def test_the_rates_are_of_the_databases_size_and_of_the_rows_of_three_tables() -> None:
    assert rows_of(report.section(FIGURES), copying.UNCOMPRESSED) == [
        f"| {copying.UNCOMPRESSED} | 5.00 (5.00 to 5.00) | 2 | 40 (40 to 40) | 20,400 (20,400 to 20,400)"
        " | 0.38 (0.25 to 0.50) | 120 |"
    ]


def test_a_backup_adds_a_share_of_what_the_first_one_added() -> None:
    assert FIGURES.growth.percent(growing.A_DAY_LESS) == [8.0, 8.0, 8.0]


def test_the_service_is_compared_with_the_same_turn_without_a_backup() -> None:
    assert rows_of(report.section(FIGURES), serving.WRITE) == [
        "| insert of an inquiry | without a backup | 5 | 1,000 | 4.00 (4.00 to 4.00) | 1.00 (1.00 to 1.00)"
        " | 4.00 (4.00 to 4.00) | 1.00 (1.00 to 1.00) |",
        "| insert of an inquiry | during backups | 5 | 1,000 | 5.00 (5.00 to 5.00) | 1.25 (1.25 to 1.25)"
        " | 5.00 (5.00 to 5.00) | 1.25 (1.25 to 1.25) |",
    ]


def test_a_p99_of_too_few_executions_is_not_known() -> None:
    few = {serving.ALONE: [times(1, 999)], serving.BESIDE: [times(1, 999)]}
    found = replace(FIGURES, serving={serving.READ: few, serving.WRITE: few})
    assert "the p99 of a read is not known, that of a write not known (aim: 1.5)." in report.headline(found)
    assert rows_of(report.section(found), serving.READ)[0].endswith(" | 1.00 (1.00 to 1.00) | 1.00 (1.00 to 1.00) |  |  |")


def test_the_tables_are_as_wide_as_their_headers() -> None:
    tables = [part.splitlines() for part in report.section(FIGURES).split("\n\n") if part.startswith("|")]
    assert len(tables) == 4
    assert [table for table in tables if len({line.count("|") for line in table}) > 1] == []


def test_the_section_is_one_of_results() -> None:
    assert "\n## " not in "\n" + report.section(FIGURES)
    assert results.replaced("", "S", report.section(FIGURES), "S").count("\n## ") == 1


@pytest.mark.parametrize(
    ("rows", "share", "each"), [(730_000, 1.0, 50), (730_000, 0.43, 22), (20_000, 1.0, 1), (100, 0.43, 1)]
)  # 20 connections
def test_a_day_has_its_share_of_two_years_over_all_connections(rows: int, share: float, each: int) -> None:
    assert pgbench.CONNECTIONS == 20
    assert growing.each(rows, share) == each


def test_a_day_has_every_kind_of_writing() -> None:
    assert growing.SHARES.keys() == writes.SCRIPTS.keys()


@pytest.mark.parametrize(("quantity", "number"), [("1000m", 1.0), ("250m", 0.25), ("2", 2.0), ("0.5", 0.5)])
def test_a_quantity_of_processors_is_a_number(quantity: str, number: float) -> None:
    assert jobs.processors(quantity) == number


@pytest.mark.parametrize("name", [jobs.BACKUP, jobs.RESTORE])
def test_no_path_of_the_pod_is_taken_for_one_of_this_machine(name: str) -> None:
    """A path that the pod has no mount for would be read, or written, beside what is measured."""
    manifests = render({"tls": {"mode": "disabled"}})
    [container] = manifests["CronJob", name]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    words = [*container["command"], *container.get("args", ()), *(variable["value"] for variable in container["env"])]
    paths = [word for word in words if word.startswith("/")]
    outside = [path for path in paths if jobs.below(path, mounts) == path]
    assert len(paths) > len(outside)
    assert outside == ["/bin/bash", "/store"]  # the Secret of a store, which a repository on a volume does not have
