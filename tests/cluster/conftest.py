"""Fixtures of the tests that install the chart on a real cluster, and what is said and kept of each run."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from pytest_helm_charts.clusters import Cluster as KubeCluster
from pytest_helm_charts.k8s.namespace import ensure_namespace_exists

from harness import evidence, image, paths, proxy
from harness.commands import CommandError
from harness.kubernetes import Cluster
from harness.local import images, node, program_images
from harness.local.cluster import load
from harness.on_cluster import barman as on_barman
from harness.on_cluster import cert_manager as on_cert_manager
from harness.on_cluster import cloudnativepg as on_cloudnativepg
from harness.on_cluster import csi
from harness.on_cluster import monitoring as on_monitoring
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.monitoring import Monitoring
from harness.on_cluster.release import Release
from harness.on_cluster.shared import at_most
from tests.order import SEVERAL

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
NAMESPACES = pytest.StashKey[list[Cluster]]()  # of a module
AT_ONCE = 2  # modules of several servers
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_configure() -> None:
    """The tests' own client, too, asks the local Kubernetes without a proxy."""
    os.environ.update(proxy.exceptions())


def kubeconfig(config: pytest.Config) -> Path:
    return Path(config.getoption("kubeconfig")).resolve()


@pytest.fixture(scope="session")
def reachable(request: pytest.FixtureRequest) -> None:
    """The cluster answers."""
    file = kubeconfig(request.config)
    if not file.is_file():
        pytest.fail(f"no cluster: {file} is not there. `nox -s up` makes one, --kubeconfig=FILE names another", pytrace=False)
    try:
        Cluster(file, "default").kubectl("get", "--raw=/readyz", "--request-timeout=5s", timeout=10)
    except CommandError as error:
        pytest.fail(f"the cluster of {file} does not answer; `nox -s up` starts the local one again\n{error}", pytrace=False)


@pytest.fixture(scope="module", autouse=True)
def place(request: pytest.FixtureRequest) -> Iterator[None]:
    """One of few places, for a module of several servers (tests/order.py)."""
    with at_most(AT_ONCE, "several-servers") if request.path in SEVERAL else nullcontext():
        yield


@pytest.fixture(scope="module")
def namespaces(reachable: None, request: pytest.FixtureRequest, kube_cluster: KubeCluster) -> Iterator[Callable[[str], Cluster]]:
    """Make a namespace that enforces Pod Security's `restricted`; deleted when the module's tests are done."""
    made = request.node.stash[NAMESPACES] = []

    def make(name: str) -> Cluster:
        ensure_namespace_exists(kube_cluster.kube_client, name, extra_metadata={"labels": RESTRICTED})
        made.append(Cluster(kubeconfig(request.config), name))
        return made[-1]

    yield make
    for cluster in made:
        cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false", "--ignore-not-found")


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


@pytest.fixture(scope="module")
def csi_driver(reachable: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """The cluster has VolumeSnapshots, and the image that the chart takes kubectl from. To be asked for before `release`."""
    running = node.first()
    load(running, images.kubectl(image.kubectl()))
    with csi.running(Cluster(kubeconfig(request.config), "default")):
        yield


@pytest.fixture(scope="session")
def exporter_image(reachable: None) -> None:
    """The cluster has the image of the metrics' exporter: where this is the local Kubernetes, the stand-in."""
    if running := node.current():
        load(running, program_images.of(image.exporter(), "postgres_exporter"))


@pytest.fixture(scope="session")
def monitoring(reachable: None, request: pytest.FixtureRequest) -> Iterator[Monitoring]:
    """The cluster has a Prometheus and an Alertmanager that watch every namespace."""
    with on_monitoring.running(Cluster(kubeconfig(request.config), "default")) as running:
        yield running


@pytest.fixture(scope="session")
def cloudnativepg(reachable: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """The cluster has CloudNativePG's operator, and an image of PostgreSQL whose servers can stand in for one another."""
    running = node.first()
    load(running, images.archives((on_cloudnativepg.MAJOR,)))
    with on_cloudnativepg.running(Cluster(kubeconfig(request.config), "default")):
        yield


@pytest.fixture(scope="session")
def barman(cloudnativepg: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """The operator has its Barman Cloud plugin beside it."""
    with on_barman.running(Cluster(kubeconfig(request.config), "default")):
        yield


@pytest.fixture(scope="module")
def cert_manager(reachable: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """The cluster has cert-manager. To be asked for before `release`."""
    with on_cert_manager.running(Cluster(kubeconfig(request.config), "default")):
        yield


@pytest.fixture(scope="module")
def instances(cloudnativepg: None, release: Release) -> Iterator[Instances]:
    """The release, installed with the engine cloudnativepg: three servers, in good health."""
    found = Instances(release)
    try:
        release.install(on_cloudnativepg.SMALL)
        found.wait_healthy()
        yield found
    finally:
        release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what the test's namespaces tell when it failed: here no fixture has cleaned up yet."""
    report = yield
    module = item.getparent(pytest.Module)
    if report.failed and report.when != "teardown" and module:
        for cluster in module.stash.get(NAMESPACES, []):
            name = f"{module.path.stem}.{item.name}.{cluster.namespace}"
            report.sections.append((f"what {cluster.namespace} told", evidence.keep(cluster, name)))
    return report


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Which cluster this is, and which image of PostgreSQL it has."""
    cluster = Cluster(kubeconfig(config), "default")
    try:
        return [f"cluster: {cluster.where()}", f"image: {image.on_nodes(cluster)}"]
    except CommandError:
        return []  # the tests of the cluster say why


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the local Kubernetes where this is another."""
    if kubeconfig(config) == paths.KUBECONFIG.resolve() and node.current():
        return
    left_out = [item for item in items if item.get_closest_marker("local_node")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = [item.nodeid for item in left_out]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints the summary, where tests run in several."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process of tests left out: each collects the same."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was left out."""
    if left_out := config.stash.get(LEFT_OUT, []):
        terminalreporter.section(f"{len(left_out)} left out: they need the local Kubernetes of `nox -s up`")
        terminalreporter.write_line("\n".join(left_out))
