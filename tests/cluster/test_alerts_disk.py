"""Alerts of a volume that fills, on one with a real size, fired by real files in it and ended by their removal."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.kubernetes import POD, Cluster
from harness.on_cluster import limited
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for
from tests.cluster.alerting import ALONE, tuned, understood

pytestmark = pytest.mark.local_node

FIRES = {
    "BilldbDisk": "test_a_volume_that_fills_is_predicted_and_seen_at_80_percent_and_again_at_90",
    "BilldbDiskNearlyFull": "test_a_volume_that_fills_is_predicted_and_seen_at_80_percent_and_again_at_90",
    "BilldbDiskFillsUp": "test_a_volume_that_fills_is_predicted_and_seen_at_80_percent_and_again_at_90",
}
SIZE = 600  # megabytes
ALERTS: dict[str, dict[str, Any]] = {
    "BilldbDisk": {},
    "BilldbDiskNearlyFull": {},
    "BilldbDiskFillsUp": {"window": "1m", "recent": "30s"},
}


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, namespaces: Callable[[str], Cluster]) -> Iterator[Release]:
    release = Release(namespaces("billdb-alerts-disk"))
    with limited.volume(release.cluster, SIZE) as storage_class:
        place = {"persistence": {"storageClass": storage_class, "size": f"{SIZE}Mi"}, "storageClass": {"create": False}}
        try:
            release.install(merged(merged(WATCHED, ALONE), merged(place, tuned(ALERTS))))
            monitoring.wait_watched(release)
            yield release
        finally:
            release.remove()


def run(release: Release, script: str) -> str:
    return release.cluster.kubectl("exec", POD, "--container=postgresql", "--", "bash", "-ec", f"cd $PGDATA/..; {script}")


def fill(release: Release, percent: int) -> None:
    """Let a file take what is missing to this share of the volume."""
    run(
        release,
        f"""
        rm -f filling
        read -r used available < <(df --output=used,avail --block-size=1M . | tail -1)
        fallocate --length=$(( (used + available) * {percent} / 100 - used ))M filling""",
    )


def test_a_volume_that_fills_is_predicted_and_seen_at_80_percent_and_again_at_90(
    monitoring: Monitoring, watched: Release
) -> None:
    volume = f'kubelet_volume_stats_available_bytes{{namespace="{watched.cluster.namespace}"}}'
    wait_for(lambda: monitoring.query(f"{volume} offset 1m"), "the volume to have been watched for the window", every=1)
    fill(watched, 85)
    understood(monitoring.wait_firing(watched, "BilldbDiskFillsUp"), "is full in")
    understood(monitoring.wait_firing(watched, "BilldbDisk"), "85 % full")
    assert "BilldbDiskNearlyFull" not in monitoring.alerts(watched.cluster.namespace)
    fill(watched, 94)
    understood(monitoring.wait_firing(watched, "BilldbDiskNearlyFull"), "94 % full")
    run(watched, "rm filling")
    monitoring.wait_cleared(watched, "BilldbDiskNearlyFull")
    monitoring.wait_cleared(watched, "BilldbDisk")
    monitoring.wait_cleared(watched, "BilldbDiskFillsUp")
