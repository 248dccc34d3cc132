"""tests/mutants.yaml: what a person changes in the chart is changed in the list too, or `nox -s mutate` could not begin."""

from harness import mutate


def test_what_each_mutant_changes_is_in_its_file() -> None:
    assert mutate.read()
