"""Alerts of a server that has too much to do, fired by the thing itself and ended by its end: CPU, memory, connections, time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from harness.on_cluster.serving import server_state
from tests.cluster.alerting import ALONE, service, tuned, understood

pytestmark = pytest.mark.local_node

FIRES = {
    "BilldbCPU": "test_a_query_that_takes_the_cpu_is_seen",
    "BilldbMemory": "test_a_query_that_takes_the_memory_is_seen_before_it_kills_the_server",
    "BilldbConnectionsHigh": "test_81_connections_are_high_and_94_nearly_all",
    "BilldbConnectionsNearlyExhausted": "test_81_connections_are_high_and_94_nearly_all",
    "BilldbResponseTime": "test_statements_of_200_ms_are_slow",
}
# What a small server has: driven to its limit, it leaves the machine to others.
CPU, MEMORY = 0.25, 512 * 1024**2
LIMITS = {"cpu": f"{CPU * 1000:.0f}m", "memory": f"{MEMORY >> 20}Mi"}
SMALL = {
    "resources": {"requests": LIMITS, "limits": LIMITS},
    "postgresql": {"parameters": {"shared_buffers": "64MB", "effective_cache_size": "256MB"}},
}
ALERTS: dict[str, dict[str, Any]] = {
    "BilldbCPU": {"window": "30s"},
    "BilldbMemory": {},
    "BilldbConnectionsHigh": {},
    "BilldbConnectionsNearlyExhausted": {},
    "BilldbResponseTime": {"window": "30s"},
}
# An idle connection for each number that is asked for, until the pod is gone.
CONNECTED = "for i in $(seq %d); do psql --quiet < <(sleep infinity) & done; wait"
BURNING = """psql --command="DO 'BEGIN LOOP PERFORM 1; END LOOP; END'" """
SLOW = "yes 'SELECT pg_sleep(0.2);' | psql --quiet --output=/dev/null"
# Rows of one chunk of memory each, which the query holds while it sleeps.
HOLDING = """psql --quiet <<'SQL'
SET work_mem = '{megabytes}MB';
WITH held AS MATERIALIZED (SELECT repeat('x', 8000) FROM generate_series(1, {megabytes} * 128))
SELECT (SELECT count(*) FROM held), pg_sleep(3600);
SQL"""


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, release: Release) -> Release:
    release.install(merged(merged(WATCHED, ALONE), merged(SMALL, tuned(ALERTS))))
    monitoring.wait_watched(release)
    return release


@contextmanager
def client(release: Release, script: str, name: str = "client") -> Iterator[None]:
    """A pod of the service runs the script until the block ends."""
    release.client(name, script, service(release))
    try:
        yield
    finally:
        release.cluster.kubectl("delete", f"pod/{name}", "--grace-period=0", "--force", "--ignore-not-found")


def end_statements(release: Release) -> None:
    """End the service's sessions: a server works on for a client that is gone."""
    release.cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bill_inquiry_user'")


def test_81_connections_are_high_and_94_nearly_all(monitoring: Monitoring, watched: Release) -> None:
    with client(watched, CONNECTED % 81):
        understood(monitoring.wait_firing(watched, "BilldbConnectionsHigh"), "has 8", " % of the connections that it takes")
        assert "BilldbConnectionsNearlyExhausted" not in monitoring.alerts(watched.cluster.namespace)
        with client(watched, CONNECTED % 13, "others"):
            message = monitoring.wait_firing(watched, "BilldbConnectionsNearlyExhausted")
            understood(message, " % of the connections that the service can have")
            assert 95 < int(message.summary.partition(" %")[0].split()[-1]) <= 100
        monitoring.wait_cleared(watched, "BilldbConnectionsNearlyExhausted")
    monitoring.wait_cleared(watched, "BilldbConnectionsHigh")


def test_statements_of_200_ms_are_slow(monitoring: Monitoring, watched: Release) -> None:
    with client(watched, SLOW):
        understood(monitoring.wait_firing(watched, "BilldbResponseTime"), "ms on average")
    monitoring.wait_cleared(watched, "BilldbResponseTime")


def test_a_query_that_takes_the_cpu_is_seen(monitoring: Monitoring, watched: Release) -> None:
    with client(watched, BURNING):
        understood(monitoring.wait_firing(watched, "BilldbCPU"), "% of the CPU")
        end_statements(watched)
    monitoring.wait_cleared(watched, "BilldbCPU")


def test_a_query_that_takes_the_memory_is_seen_before_it_kills_the_server(monitoring: Monitoring, watched: Release) -> None:
    before = server_state(watched)
    server = f'namespace="{watched.cluster.namespace}",container="postgresql"'
    used = monitoring.value(
        f"container_memory_working_set_bytes{{{server}}} - container_memory_total_active_file_bytes{{{server}}}"
    )
    with client(watched, HOLDING.format(megabytes=int(0.92 * MEMORY - used) >> 20)):
        understood(monitoring.wait_firing(watched, "BilldbMemory"), "% of the memory")
        end_statements(watched)
    monitoring.wait_cleared(watched, "BilldbMemory")
    assert server_state(watched) == before
