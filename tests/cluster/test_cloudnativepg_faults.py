"""Servers that are killed, deleted, frozen, cut off and restarted, one fault after another: no acknowledged commit is lost.

Without an option some kinds happen once (USUAL). A long run, of all of them:

    nox -s test -- tests/cluster/test_cloudnativepg_faults.py --faults=200
"""

import random

import pytest

from harness.on_cluster.fault_run import FaultRun
from harness.on_cluster.instance_faults import FAULTS
from harness.on_cluster.instances import Instances
from harness.progress import say

pytestmark = pytest.mark.local_node
USUAL = ("primary_killed", "primary_deleted_by_force", "primary_frozen", "primary_cut_off", "switched_over", "replica_killed")


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> list[str]:
    """The names of the faults to come: those asked for, or as many, each kind as often as any other, in an order by chance."""
    wanted: str = request.config.getoption("faults")
    if wanted and not wanted.isdigit():
        return wanted.split(",")
    number = int(wanted or 0)
    names = [name for _ in range(0, number, len(FAULTS)) for name in FAULTS][:number] or list(USUAL)
    random.Random(seed(request.config)).shuffle(names)
    return names


def seed(config: pytest.Config) -> int:
    return int(config.getoption("seed"))


def test_no_acknowledged_commit_is_lost(instances: Instances, faults: list[str], request: pytest.FixtureRequest) -> None:
    say(f"{len(faults)} faults, --seed={seed(request.config)}")
    run = FaultRun(instances, seed(request.config))
    team = run.start()
    run.run(faults, team)
    missing = run.end()
    assert not any(missing.values()), missing
    assert run.unlike_the_primary() == []
    assert run.damaged() == []
