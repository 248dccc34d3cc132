"""`up` on a cluster of somebody's: an interruption in the middle, the next run, and what a failure leaves behind."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from harness import evidence, install, paths
from harness.kubernetes import POD, Cluster
from harness.on_cluster.release import SMALL, Release, merged
from harness.waiting import wait_for

Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def up(release: Release, tmp_path: Path) -> Up:
    """Start `up` in the module's namespace with these values over SMALL."""

    def start(values: dict[str, object]) -> "subprocess.Popen[str]":
        file = tmp_path / "values.yaml"
        file.write_text(yaml.safe_dump(merged(SMALL, values)))
        options = [f"--kubeconfig={release.cluster.kubeconfig}", f"--namespace={release.cluster.namespace}", f"--values={file}"]
        command = [sys.executable, "-m", "harness.up", *options]
        return subprocess.Popen(command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


def pod_exists(cluster: Cluster) -> bool:
    return bool(cluster.kubectl("get", f"pod/{POD}", "--ignore-not-found"))


def test_after_an_interruption_in_the_middle_the_next_run_goes_on(
    release: Release, up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = up({"image": {"tag": "14-no-such"}})
    wait_for(lambda: pod_exists(release.cluster), "the pod", seen=lambda: str(interrupted.poll()))
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate(timeout=60)
    assert (interrupted.returncode, said.splitlines()[-1]) == (
        130, "up: interrupted; run it again to go on, or `nox -s down` to remove what there is",
    )  # fmt: skip
    assert install.status(release.cluster) == "failed"
    monkeypatch.setattr(paths, "LOCAL", tmp_path)  # this is no failure
    wait_for(lambda: waits_for_its_image(release.cluster), "the kubelet's refusal to pull")
    again = up({})
    printed, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert printed.lstrip().startswith("PostgreSQL 14.")
    assert "  system_config                      13 rows" in printed


def waits_for_its_image(cluster: Cluster) -> bool:
    lines = [line for line in evidence.keep(cluster, "test_up").splitlines() if f"{POD}/prepare-volume: waiting: " in line]
    return any(reason in line for line in lines for reason in ("ErrImagePull", "ImagePullBackOff"))
