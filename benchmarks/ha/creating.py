"""helm install --wait to a created schema by either engine, beside what CloudNativePG's sample Cluster takes for itself."""

from collections.abc import Callable

from benchmarks import machine, tables, turns
from benchmarks.ha import servers
from benchmarks.results import Section
from harness.on_cluster.instances import Instances
from harness.on_cluster.release import Release, merged
from harness.progress import step

STATEFULSET, ONE, THREE, ALL, SAMPLE = (
    "the StatefulSet: helm install --wait, to a created schema",
    "CloudNativePG, one server: helm install --wait, to a created schema",
    "CloudNativePG, three servers: helm install --wait, to a created schema",
    "of it until all three stream",
    "CloudNativePG's sample, until all three stream; no schema",
)
Seconds = dict[str, list[float]]


def measure(number: int) -> Section:
    """One table, after an installation of each to warm up."""
    ways: dict[str, Callable[[Release], dict[str, float]]] = {
        STATEFULSET: lambda release: {STATEFULSET: _install(release, servers.STATEFULSET)},
        ONE: lambda release: {ONE: _install(release, merged(servers.VALUES, {"cloudnativepg": {"instances": 1}}))},
        THREE: _three,
        SAMPLE: lambda release: {SAMPLE: turns.seconds(_sample, release)},
    }
    seconds: Seconds = {name: [] for name in (STATEFULSET, ONE, THREE, ALL, SAMPLE)}
    version = ""
    with servers.operator():
        for turn in range(-1, number):
            with step(f"install, turn {turn + 1} of {number}" if turn >= 0 else "install, to warm up"):
                for name in turns.order(list(ways), turn):
                    with servers.release("billdb-bench-ha-create") as release:
                        took = ways[name](release)
                        version = version or machine.server(servers.psql(release, "SELECT version();").strip())
                    for row, value in took.items() if turn >= 0 else ():
                        seconds[row].append(value)
    return Section(tables.of_seconds("Installations", seconds, STATEFULSET), f"{version} and CloudNativePG")


def _install(release: Release, values: dict[str, object]) -> float:
    return turns.seconds(release.install, values)


def _three(release: Release) -> dict[str, float]:
    installed = _install(release, dict(servers.VALUES))
    return {THREE: installed, ALL: installed + turns.seconds(Instances(release).wait_healthy, servers.LONGEST)}


def _sample(release: Release) -> None:
    servers.apply_sample(release.cluster)
    Instances(release).wait_healthy(servers.LONGEST)
