import pytest

from benchmarks import figures, results, tables, turns
from benchmarks.figures import Figure


def test_each_turn_begins_with_another_one() -> None:
    assert [turns.order("ABC", turn) for turn in range(4)] == [list("ABC"), list("BCA"), list("CAB"), list("ABC")]


def test_a_figure_is_the_median_with_its_spread_and_number() -> None:
    assert figures.figure([9.0, 1.0, 2.0, 3.0, 2.5]) == Figure(2.5, 1.0, 9.0, 5)


def test_no_turns_make_no_figure() -> None:
    with pytest.raises(ValueError, match="no turn was measured"):
        figures.figure([])


def test_a_ratio_is_taken_within_each_turn() -> None:
    assert figures.ratios([10.0, 40.0], [5.0, 10.0]) == [2.0, 4.0]


def test_unlike_numbers_of_turns_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        figures.ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("executions", "p99"), [(999, None), (1_000, 989.01)])
def test_a_p99_needs_a_thousand_executions(executions: int, p99: float | None) -> None:
    assert figures.p99([float(n) for n in range(executions)]) == (p99 if p99 is None else pytest.approx(p99))


def test_a_table_has_the_number_of_turns_and_ratios_turn_by_turn() -> None:
    rows = {"plain": [1.0, 2.0, 1.0], "ours": [2.0, 2.0, 2.0]}
    assert tables.of_seconds("A title", rows, "plain").splitlines() == [
        "### A title",
        "",
        "|  | s: median (min to max) | n | times as long: median (min to max) |",
        "| --- | --- | --- | --- |",
        "| plain | 1.00 (1.00 to 2.00) | 3 | 1.00 (1.00 to 1.00) |",
        "| ours | 2.00 (2.00 to 2.00) | 3 | 2.00 (1.00 to 2.00) |",
    ]


def test_a_part_replaces_its_own_section_and_leaves_the_others() -> None:
    before = results.replaced(results.replaced("", "B", "b", "AB"), "A", "a\n\n### a table", "AB")
    after = results.replaced(before, "B", "new", "AB")
    assert before == f"{results.HEAD}\n## A\n\na\n\n### a table\n\n## B\n\nb\n"
    assert after == before.replace("b\n", "new\n")


def test_a_section_of_no_part_is_not_kept() -> None:
    assert results.replaced("# Figures\n\n## Old way\n\n1.2\n", "A", "a", "A") == f"{results.HEAD}\n## A\n\na\n"
