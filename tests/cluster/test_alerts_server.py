"""Alerts of a server that is not there, each fired by the thing itself and ended by its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.kubernetes import POD
from harness.on_cluster import servers
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for
from tests.cluster.alerting import ALONE, SERVER, tuned, uid, understood

pytestmark = pytest.mark.local_node

FIRES = {
    "BilldbDown": "test_a_stopped_server_is_down",
    "BilldbMetricsMissing": "test_a_stopped_exporter_is_missed",
    "BilldbNotReady": "test_a_frozen_server_is_not_ready_and_cannot_be_asked",
    "BilldbRestarting": "test_a_server_that_is_killed_again_and_again_restarts_too_often",
}
ALERTS: dict[str, dict[str, Any]] = {
    "BilldbDown": {"window": "20s"},
    "BilldbMetricsMissing": {},
    "BilldbNotReady": {},
    "BilldbRestarting": {"threshold": 2, "window": "2m"},
}


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, release: Release) -> Release:
    # A frozen server is ended sooner than by default.
    release.install(merged(merged(WATCHED, ALONE), tuned(ALERTS)) | {"terminationGracePeriodSeconds": 30})
    monitoring.wait_watched(release)
    return release


@contextmanager
def stopped(release: Release, what: str) -> Iterator[None]:
    """A Deployment or StatefulSet has no pod while the block runs."""
    release.cluster.kubectl("scale", what, "--replicas=0")
    try:
        yield
    finally:
        release.cluster.kubectl("scale", what, "--replicas=1")
        release.cluster.kubectl("rollout", "status", what, "--timeout=240s")


def test_a_stopped_server_is_down(monitoring: Monitoring, watched: Release) -> None:
    with stopped(watched, f"statefulset/{SERVER}"):
        message = monitoring.wait_firing(watched, "BilldbDown")
        understood(message)
        # By how the network drops what is for nobody, the exporter knows at once or waits.
        assert "does not answer" in message.summary or "cannot be asked" in message.summary
    monitoring.wait_cleared(watched, "BilldbDown")


def test_a_server_that_the_exporter_may_not_log_in_to_does_not_answer(monitoring: Monitoring, watched: Release) -> None:
    watched.cluster.sql("ALTER ROLE bill_monitoring_user NOLOGIN")
    watched.cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bill_monitoring_user'")
    understood(monitoring.wait_firing(watched, "BilldbDown"), "does not answer")
    watched.cluster.sql("ALTER ROLE bill_monitoring_user LOGIN")
    monitoring.wait_cleared(watched, "BilldbDown")


def test_a_stopped_exporter_is_missed(monitoring: Monitoring, watched: Release) -> None:
    with stopped(watched, f"deployment/{SERVER}-metrics"):
        understood(monitoring.wait_firing(watched, "BilldbMetricsMissing"), "not watched")
    monitoring.wait_cleared(watched, "BilldbMetricsMissing")


def test_a_frozen_server_is_not_ready_and_cannot_be_asked(monitoring: Monitoring, watched: Release) -> None:
    servers.signal_server(uid(watched), "STOP")  # the kubelet ends it, once it did not end by itself in time
    understood(monitoring.wait_firing(watched, "BilldbNotReady"), "not ready")
    understood(monitoring.wait_firing(watched, "BilldbDown"))
    monitoring.wait_cleared(watched, "BilldbNotReady")
    monitoring.wait_cleared(watched, "BilldbDown")


def test_a_server_that_is_killed_again_and_again_restarts_too_often(monitoring: Monitoring, watched: Release) -> None:
    pod = uid(watched)
    killed_and_restarted(watched, pod)
    killed_and_restarted(watched, pod)
    understood(monitoring.wait_firing(watched, "BilldbRestarting", {"container": "postgresql"}), "2 times within 2m")
    monitoring.wait_cleared(watched, "BilldbRestarting")


def killed_and_restarted(release: Release, pod: str) -> None:
    """Kill the server, and wait until the kubelet has started it again."""
    before = restart_count(release)
    servers.signal_server(pod, "KILL")
    wait_for(lambda: restart_count(release) > before, "the server's container to be started again", 180, every=0.5)


def restart_count(release: Release) -> int:
    pod = release.cluster.get(f"pod/{POD}")
    return sum(status["restartCount"] for status in pod["status"]["containerStatuses"] if status["name"] == "postgresql")
