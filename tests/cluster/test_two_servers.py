"""A pod deleted by force whose server goes on: the next one waits for it, for two servers on one volume would ruin it."""

from collections.abc import Iterator

import pytest

from harness.kubernetes import POD
from harness.on_cluster.release import Release
from harness.on_cluster.servers import signal_runtime, signal_server
from harness.waiting import wait_for, wait_for_words

pytestmark = pytest.mark.local_node


@pytest.fixture
def outliving(database: Release) -> Iterator[Release]:
    """The release, its server's runtime stopped: no signal of the kubelet reaches the server, as on a node that hangs."""
    uid = database.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    assert signal_runtime(uid, "STOP")
    yield database
    signal_runtime(uid, "CONT")


@pytest.mark.parametrize("signal", ["INT", "KILL"], ids=["stopped", "killed"])
def test_the_next_pod_waits_for_a_server_that_outlived_its_own(outliving: Release, signal: str) -> None:
    cluster = outliving.cluster
    before = cluster.get(f"pod/{POD}")["metadata"]["uid"]
    cluster.kubectl("delete", f"pod/{POD}", "--force", "--grace-period=0", "--wait=false")
    ask = ("get", "pods", f"--field-selector=metadata.name={POD}", "--output=jsonpath={.items[*].metadata.uid}")
    wait_for(lambda: cluster.kubectl(*ask) not in ("", before), "the next pod")
    started = "--for=jsonpath={.status.initContainerStatuses[0].started}=true"
    cluster.kubectl("wait", f"pod/{POD}", started, "--timeout=240s")
    log = wait_for_words(lambda: cluster.kubectl("logs", POD, "--container=prepare-volume"), "waiting for the volume")
    assert f"start-server of pod {POD}, since " in log
    [status] = cluster.get(f"pod/{POD}")["status"]["initContainerStatuses"]
    assert set(status["state"]) == {"running"}
    signal_server(before, signal)
    cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")
    assert cluster.sql("SELECT count(*) FROM system_config") == "13"
