"""Alerts of PgBouncer in front of CloudNativePG's primary, each fired by the thing itself and ended by its end."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from harness.dashboard import pooler
from harness.dashboard.asking import queries
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME
from harness.on_cluster.monitoring import WATCHED, Message, Monitoring
from harness.on_cluster.pod_processes import freeze, thaw
from harness.on_cluster.pooler import POOLER, Pool
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for
from tests.cluster.alerting import tuned, understood
from tests.cluster.test_runbooks import diagnose
from tests.render.test_metrics_known import OTHERS

pytestmark = pytest.mark.local_node

FIRES = {
    "BilldbPoolerDown": "test_a_pooler_that_stands_still_is_told_of",
    "BilldbPoolerWaiting": "test_who_waits_for_another_clients_transaction_is_told_of",
}
# One connection to the server, and clients that wait for it as long as a test does.
PARAMETERS = {"default_pool_size": 1, "query_wait_timeout": 900}
VALUES: dict[str, Any] = {
    "cloudnativepg": {"instances": 1, "pooler": {"enabled": True, "instances": 1, "parameters": PARAMETERS}}
}
ALERTS: dict[str, dict[str, Any]] = {"BilldbPoolerDown": {"window": "30s"}, "BilldbPoolerWaiting": {}}


@pytest.fixture(scope="module")
def pool(
    cloudnativepg: None,
    exporter_image: None,
    monitoring: Monitoring,
    release: Release,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pool]:
    values = merged(merged(merged(SMALL, WATCHED), tuned(ALERTS)), VALUES)
    yield Pool.install(release, values, tmp_path_factory.mktemp("pooler"))
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def test_it_tells_all_that_is_asked_and_the_dashboards_row_finds_it(pool: Pool, monitoring: Monitoring) -> None:
    monitoring.wait_watched(pool.release)
    asked = queries(pooler.panels(), {"namespace": pool.release.cluster.namespace, "server": NAME})
    assert len(asked) == 5
    pod = f'namespace="{pool.release.cluster.namespace}",pod=~"{POOLER}-.+",database="bill_inquiry_db"'
    asked |= {name: f"{name}{{{pod}}}" for name in OTHERS["PgBouncer's pods"]}
    with pool.client() as client:
        client.execute("SELECT 1")
        for name, query in asked.items():
            wait_for(partial(monitoring.query, query), f"an answer to {name}: {query}", 180, every=1)


def test_who_waits_for_another_clients_transaction_is_told_of(pool: Pool, monitoring: Monitoring) -> None:
    with pool.client() as holding, pool.client() as waiting:
        holding.execute("SELECT 1")
        waiting.pgconn.send_query(b"SELECT 1")
        understood(monitoring.wait_firing(pool.release, "BilldbPoolerWaiting"), "as bill_inquiry_user")
        assert "idle in transaction" in diagnose("BilldbPoolerWaiting", pool.release.cluster)
        holding.rollback()
        while waiting.pgconn.get_result():
            pass
        monitoring.wait_cleared(pool.release, "BilldbPoolerWaiting")


def test_a_pooler_that_stands_still_is_told_of(pool: Pool, monitoring: Monitoring) -> None:
    [pod] = pool.release.cluster.get("pods", f"--selector=cnpg.io/poolerName={POOLER}")["items"]
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    freeze(uid)
    try:
        understood(monitoring.wait_firing(pool.release, "BilldbPoolerDown", {"pod": name}), f"cannot be asked in {name}")
        assert name in diagnose("BilldbPoolerDown", pool.release.cluster)
    finally:
        thaw(uid)
    monitoring.wait_cleared(pool.release, "BilldbPoolerDown", {"pod": name})
    with pool.client() as client:
        client.execute("SELECT 1")


def test_a_pooler_without_a_pod_is_told_of(pool: Pool, monitoring: Monitoring) -> None:
    cluster = pool.release.cluster

    def newest(state: str) -> Message | None:
        """But for what is about the pod that goes, or comes; there was none either while the release was installed."""
        messages = [each for each in monitoring.messages(cluster.namespace, "BilldbPoolerDown") if "pod" not in each.labels]
        return messages[-1] if messages[-1:] and messages[-1].state == state else None

    assert not newest("firing")
    cluster.kubectl("scale", f"deployment/{POOLER}", "--replicas=0")
    message = wait_for(partial(newest, "firing"), "a message that there is no pod", 240, every=0.5)
    assert message
    understood(message, "has no pod that could be asked")
    assert POOLER in diagnose("BilldbPoolerDown", cluster)
    cluster.kubectl("scale", f"deployment/{POOLER}", "--replicas=1")
    wait_for(partial(newest, "resolved"), "a message that there is one again", 240, every=0.5)
