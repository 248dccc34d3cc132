"""A pod deleted by force whose server goes on: the next one waits for it, for two servers on one volume would ruin it."""

import subprocess
from collections.abc import Iterator

import pytest

from harness.kubernetes import POD
from harness.local import node
from harness.on_cluster.release import Release
from harness.on_cluster.servers import signal_runtime, signal_server
from harness.waiting import wait_for, wait_for_words


@pytest.fixture
def frozen(database: Release) -> Iterator[Release]:
    """The release, its server's container frozen: no signal ends it, as on a node that hangs."""
    uid = database.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    assert signal_runtime(uid, "STOP")  # which would thaw what it kills
    freeze(uid, "FROZEN")
    yield database
    signal_runtime(uid, "CONT")
    freeze(uid, "THAWED")


def freeze(uid: str, state: str) -> None:
    running = node.current()
    assert running, "this test needs the local Kubernetes"
    script = f"""
        for process in $(grep --files-with-matches --no-messages --fixed-strings {uid} /proc/[0-9]*/cgroup | cut -d/ -f3); do
            [[ $(cat /proc/$process/comm) == postgres ]] || continue
            echo {state} > /sys/fs/cgroup/freezer$(sed -n 's/.*:freezer://p' /proc/$process/cgroup)/freezer.state
            exit
        done
        [[ {state} == THAWED ]]  # gone already
    """
    subprocess.run(running.command("bash", "-c", script), check=True)


@pytest.mark.parametrize("signal", ["INT"], ids=["stopped"])
def test_the_next_pod_waits_for_a_server_that_outlived_its_own(frozen: Release, signal: str) -> None:
    before = frozen.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    frozen.cluster.kubectl("delete", f"pod/{POD}", "--force", "--grace-period=0", "--wait=false")
    ask = ("get", "pods", f"--field-selector=metadata.name={POD}", "--output=jsonpath={.items[*].metadata.uid}")
    wait_for(lambda: frozen.cluster.kubectl(*ask) not in ("", before), "the next pod")
    started = "--for=jsonpath={.status.initContainerStatuses[0].started}=true"
    frozen.cluster.kubectl("wait", f"pod/{POD}", started, "--timeout=240s")
    log = wait_for_words(lambda: frozen.cluster.kubectl("logs", POD, "--container=prepare-volume"), "waiting for the volume")
    assert f"start-server of pod {POD}, since " in log
    [status] = frozen.cluster.get(f"pod/{POD}")["status"]["initContainerStatuses"]
    assert set(status["state"]) == {"running"}
    freeze(before, "THAWED")
    signal_server(before, signal)
    frozen.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")
    assert frozen.cluster.sql("SELECT count(*) FROM system_config") == "13"
