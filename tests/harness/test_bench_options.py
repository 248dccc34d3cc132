import pytest

from benchmarks.ha import run as ha
from benchmarks.run import options


def test_too_few_turns_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options(["install", "--turns=4"])
    assert "--turns=4: RESULTS.md takes figures of 5 turns or more; add --quick for a trial" in capsys.readouterr().err


def test_a_quick_trial_may_have_one_turn() -> None:
    assert options(["install", "--turns=1", "--quick"]).turns == 1


def test_what_nobody_names_is_measured_in_minutes() -> None:
    assert options([]).parts == ["install", "template", "security"]


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options(["instal"])
    assert "no part instal; there are" in capsys.readouterr().err


def test_all_of_ha_is_measured_where_no_part_of_it_is_named() -> None:
    assert options(["template", "ha"]).parts == ["template", *(f"ha {name}" for name in ha.PARTS)]


def test_a_part_of_ha_is_measured_alone() -> None:
    assert options(["ha", "faults", "compare", "nodes"]).parts == ["ha faults", "ha nodes", "compare"]


def test_a_part_of_ha_is_none_without_ha(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options(["faults"])
    assert "no part faults; there are" in capsys.readouterr().err
