"""A pod deleted by force whose server goes on: the next one waits for it, for two servers on one volume would ruin it."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from harness.kubernetes import POD
from harness.local import node
from tests.cluster.release import Release


@pytest.fixture
def frozen(database: Release) -> Iterator[Release]:
    """The release, its server's container frozen: no signal ends it, as on a node that hangs."""
    uid = database.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    freeze(uid, "FROZEN")
    yield database
    freeze(uid, "THAWED")


def freeze(uid: str, state: str) -> None:
    running = node.current()
    assert running, "this test needs the local Kubernetes"
    script = f"""
        for process in $(grep --files-with-matches --fixed-strings {uid} /proc/[0-9]*/cgroup | cut -d/ -f3); do
            [[ $(cat /proc/$process/comm) == postgres ]] || continue
            echo {state} > /sys/fs/cgroup/freezer$(sed -n 's/.*:freezer://p' /proc/$process/cgroup)/freezer.state
            exit
        done
        [[ {state} == THAWED ]]  # gone already
    """
    subprocess.run(running.command("bash", "-c", script), check=True)


def test_the_next_pod_waits_for_a_server_that_outlived_its_own(frozen: Release) -> None:
    before = frozen.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    frozen.cluster.kubectl("delete", f"pod/{POD}", "--force", "--grace-period=0", "--wait=false")
    wait_for_another(frozen, before)
    waiting = wait_for_log(frozen, "waiting for the volume")
    assert f"start-server of pod {POD}, since " in waiting
    [status] = frozen.cluster.get(f"pod/{POD}")["status"]["initContainerStatuses"]
    assert set(status["state"]) == {"running"}
    freeze(before, "THAWED")
    frozen.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=90s")
    assert frozen.cluster.sql("SELECT count(*) FROM system_config") == "13"


def wait_for_another(release: Release, uid: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    ask = ("get", "pods", f"--field-selector=metadata.name={POD}", "--output=jsonpath={.items[*].metadata.uid}")
    while release.cluster.kubectl(*ask) in ("", uid):
        assert time.monotonic() < deadline


def wait_for_log(release: Release, words: str, seconds: float = 60) -> str:
    deadline = time.monotonic() + seconds
    release.cluster.kubectl(
        "wait", f"pod/{POD}", "--for=jsonpath={.status.initContainerStatuses[0].started}=true", "--timeout=60s"
    )
    while words not in (log := release.cluster.kubectl("logs", POD, "--container=prepare-volume")):
        assert time.monotonic() < deadline, log
    return log
