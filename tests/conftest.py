"""What all tests start from."""

import random
import signal

import pytest

from tests.order import pytest_collection_modifyitems as pytest_collection_modifyitems

# A shell starts a job in the background with SIGINT ignored, and every child would inherit that: Ctrl-C is under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many faults, and which chance: tests/cluster/test_cloudnativepg_faults.py."""
    parser.addoption("--faults", default="", help="how many faults happen, or which, by comma; a few without it")
    parser.addoption("--clusters", default=1, type=int, help="how many Clusters share them, each in a test of its own")
    parser.addoption("--seed", default=random.randrange(10**6), type=int, help="of their order, to have the same once more")
