"""A pod deleted by force whose server goes on: the next one waits for it, for two servers on one volume would ruin it."""

from collections.abc import Iterator

import pytest

from harness import commands
from harness.kubernetes import POD
from harness.local import node
from harness.on_cluster.release import Release
from harness.waiting import wait_for, wait_for_words

pytestmark = pytest.mark.local_node


@pytest.fixture
def outliving(database: Release) -> Iterator[Release]:
    """The release, its server's shim stopped: no signal of the kubelet reaches the server, as on a node that hangs."""
    uid = database.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    signal_shim(uid, "STOP")
    yield database
    signal_shim(uid, "CONT")


def signal_shim(uid: str, signal: str) -> None:
    """Send the signal to the process that stands between containerd and the server of the pod with this uid."""
    running = node.current()
    assert running, "this test needs the local Kubernetes"
    # Not the kernel's freezer: with control groups of version 2 a frozen process ends by SIGKILL.
    script = f"""
        for process in $(grep --files-with-matches --no-messages --fixed-strings {uid} /proc/[0-9]*/cgroup | cut -d/ -f3); do
            shim=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$process/status)
            [[ $(cat /proc/$process/comm) == postgres && $(cat /proc/$shim/comm) == containerd-shim ]] || continue
            kill -{signal} $shim
            exit
        done
        [[ {signal} == CONT ]]  # gone already
    """
    commands.run(running.command("bash", "-c", script))


def test_the_next_pod_waits_for_a_server_that_outlived_its_own(outliving: Release) -> None:
    before = outliving.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    outliving.cluster.kubectl("delete", f"pod/{POD}", "--force", "--grace-period=0", "--wait=false")
    ask = ("get", "pods", f"--field-selector=metadata.name={POD}", "--output=jsonpath={.items[*].metadata.uid}")
    wait_for(lambda: outliving.cluster.kubectl(*ask) not in ("", before), "the next pod")
    started = "--for=jsonpath={.status.initContainerStatuses[0].started}=true"
    outliving.cluster.kubectl("wait", f"pod/{POD}", started, "--timeout=120s")
    log = wait_for_words(lambda: outliving.cluster.kubectl("logs", POD, "--container=prepare-volume"), "waiting for the volume")
    assert f"start-server of pod {POD}, since " in log
    [status] = outliving.cluster.get(f"pod/{POD}")["status"]["initContainerStatuses"]
    assert set(status["state"]) == {"running"}
    signal_shim(before, "CONT")
    outliving.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=90s")
    assert outliving.cluster.sql("SELECT count(*) FROM system_config") == "13"
