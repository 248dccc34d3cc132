"""What a failed test of the cluster leaves, and what is left out on a cluster that is not the local one."""

import pytest

from harness import evidence, paths
from harness.kubernetes import Cluster

pytest_plugins = ["pytester"]
CONFTEST = """
from tests.cluster.conftest import (
    LEFT_OUT, NAMESPACES, pytest_collection_modifyitems, pytest_runtest_makereport, pytest_terminal_summary,
    pytest_configure, pytest_sessionfinish, pytest_testnodedown,
)
"""
FAILING = """
import pytest
from harness.kubernetes import Cluster
from pathlib import Path
from tests.cluster.conftest import NAMESPACES

@pytest.fixture(scope="module")
def database(request):
    request.node.stash[NAMESPACES] = [Cluster(Path("kubeconfig"), "ns")]
    yield
    with open("order", "a") as order:
        order.write("cleaned up\\n")

def test_passes(database): pass
def test_fails(database): assert False
@pytest.fixture
def broken(database): raise OSError
def test_is_not_even_reached(broken): pass
"""
MARKED = """
import pytest
def test_anywhere(): pass
@pytest.mark.local_node
def test_here(): pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(paths.ROOT))
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\nmarkers = local_node\naddopts = --kubeconfig=elsewhere\n")
    return pytester


def test_a_failure_is_kept_before_fixtures_clean_up(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(cluster: Cluster, name: str) -> str:
        with (project.path / "order").open("a") as order:
            order.write(f"kept {name}\n")
        return "the telling lines"

    monkeypatch.setattr(evidence, "keep", keep)
    project.makepyfile(test_it=FAILING)
    ran = project.runpytest_inprocess()
    ran.assert_outcomes(passed=1, failed=1, errors=1)
    assert (project.path / "order").read_text().splitlines() == [
        "kept test_it.test_fails.ns",
        "kept test_it.test_is_not_even_reached.ns",
        "cleaned up",
    ]
    assert ran.outlines.count("the telling lines") == 2


@pytest.mark.parametrize("processes", [[], ["--numprocesses=2"]], ids=["one process", "several"])
def test_what_needs_the_local_node_is_left_out_elsewhere_and_named(project: pytest.Pytester, processes: list[str]) -> None:
    project.makepyfile(test_it=MARKED)
    ran = project.runpytest_subprocess(*processes, f"--rootdir={project.path}")
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines(["*1 left out: they need the local Kubernetes*", "test_it.py::test_here", "*1 passed*"])
