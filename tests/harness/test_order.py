"""The modules that are begun first are there."""

from tests.order import LONGEST, RANKS


def test_every_module_that_is_named_as_long_is_there_and_named_once() -> None:
    assert [str(module) for module in RANKS if not module.is_file()] == []
    assert len(RANKS) == len(LONGEST)
