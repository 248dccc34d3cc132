"""Servers that are killed, deleted, frozen, cut off and restarted, one fault after another: no acknowledged commit is lost.

Without an option some kinds happen once (USUAL). A long run of all of them, shared by two Clusters at the same time:

    nox -s test -- tests/cluster/test_cloudnativepg_faults.py --faults=200 --clusters=2 --numprocesses=2
"""

import random
from collections.abc import Callable, Iterator

import pytest

from harness.kubernetes import Cluster
from harness.on_cluster.fault_run import FaultRun
from harness.on_cluster.instance_faults import FAULTS
from harness.on_cluster.instances import Instances
from harness.on_cluster.release import Release
from harness.progress import say

pytestmark = pytest.mark.local_node
USUAL = ("primary_killed", "primary_frozen", "switched_over", "replica_killed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each Cluster."""
    metafunc.parametrize("number", range(metafunc.config.getoption("clusters")), scope="module")


@pytest.fixture(scope="module")
def release(number: int, namespaces: Callable[[str], Cluster]) -> Iterator[Release]:
    """A release of this Cluster's own."""
    found = Release(namespaces(f"billdb-cloudnativepg-faults-{number}"))
    yield found
    found.remove()


@pytest.fixture
def faults(number: int, request: pytest.FixtureRequest) -> list[str]:
    """The names of this Cluster's: those asked for, or as many, each kind as often as any other, in an order by chance."""
    wanted: str = request.config.getoption("faults")
    if wanted and not wanted.isdigit():
        return wanted.split(",")
    many = int(wanted or 0)
    names = [name for _ in range(0, many, len(FAULTS)) for name in FAULTS][:many] or list(USUAL)
    random.Random(seed(request.config)).shuffle(names)
    return names[number :: request.config.getoption("clusters")]


def seed(config: pytest.Config) -> int:
    return int(config.getoption("seed"))


def test_no_acknowledged_commit_is_lost(instances: Instances, faults: list[str], request: pytest.FixtureRequest) -> None:
    say(f"{len(faults)} faults, --seed={seed(request.config)}")
    assert FaultRun(instances, seed(request.config)).wrong_after(faults) == []
