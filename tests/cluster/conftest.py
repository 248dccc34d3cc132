"""Fixtures of the tests that install the chart on a real cluster."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_helm_charts.clusters import Cluster as KubeCluster
from pytest_helm_charts.k8s.namespace import ensure_namespace_exists

from harness.kubernetes import Cluster
from harness.on_cluster.release import Release

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="module")
def namespaces(kube_cluster: KubeCluster) -> Iterator[Callable[[str], Cluster]]:
    """Make a namespace that enforces Pod Security's `restricted`; deleted when the module's tests are done."""
    made: list[Cluster] = []

    def make(name: str) -> Cluster:
        ensure_namespace_exists(kube_cluster.kube_client, name, extra_metadata={"labels": RESTRICTED})
        made.append(Cluster(Path(kube_cluster.kube_config_path).resolve(), name))
        return made[-1]

    yield make
    for cluster in made:
        cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false")


@pytest.fixture(scope="module")
def release(request: pytest.FixtureRequest, namespaces: Callable[[str], Cluster]) -> Iterator[Release]:
    """A release that is not installed yet, in a namespace named after the test's module."""
    name = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")
    release = Release(namespaces(f"billdb-{name}"))
    yield release
    release.remove()


@pytest.fixture(scope="module")
def database(release: Release) -> Release:
    """The release, installed with default values."""
    release.install()
    return release
