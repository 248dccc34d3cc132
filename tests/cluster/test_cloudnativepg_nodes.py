"""Three servers on three nodes: a node that is killed, frozen, cut off or drained takes no acknowledged commit with it.

Without an option the first two happen (USUAL). All of them:

    nox -s test -- tests/cluster/test_cloudnativepg_nodes.py --faults=node_killed,node_frozen,node_cut_off,node_drained
"""

from collections.abc import Iterator, Sequence

import pytest

from harness.local import images
from harness.local.node_objects import FOR_PODS
from harness.local.nodes import Extra, joined
from harness.on_cluster import cloudnativepg as operator
from harness.on_cluster import node_faults
from harness.on_cluster.fault_run import FaultRun
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged

pytestmark = pytest.mark.local_node
USUAL = ("node_killed", "node_frozen")
APART = {"podAntiAffinityType": "required", "topologyKey": "kubernetes.io/hostname"}


@pytest.fixture(scope="module")
def nodes(cloudnativepg: None) -> Iterator[Sequence[Extra]]:
    with joined(3, archives=images.archives((operator.MAJOR,)) | operator.image()) as made:
        yield made


@pytest.fixture(scope="module")
def spread(nodes: Sequence[Extra], release: Release) -> Iterator[Instances]:
    """A server on each node."""
    found = Instances(release)
    spec = {"cloudnativepg": {"spec": {"affinity": APART | FOR_PODS}}}
    try:
        release.install(merged(operator.SMALL, spec))
        found.wait_healthy()
        yield found
    finally:
        release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def test_no_acknowledged_commit_is_lost_with_a_node(
    spread: Instances, nodes: Sequence[Extra], request: pytest.FixtureRequest
) -> None:
    places = {
        pod["spec"]["nodeName"] for pod in spread.release.cluster.get("pods", f"--selector=cnpg.io/cluster={NAME}")["items"]
    }
    assert places == {node.name for node in nodes}
    wanted: str = request.config.getoption("faults")
    faults = wanted.split(",") if wanted else list(USUAL)
    assert FaultRun(spread, seed=1, faults=node_faults.of(nodes)).wrong_after(faults) == []
