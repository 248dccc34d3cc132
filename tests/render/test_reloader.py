"""The container that has renewed certificates served, and the probes that tell whether it still looks."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from harness.chart import Manifests


@pytest.fixture
def reloader(default: Manifests) -> Any:
    containers = default["StatefulSet", "postgresql-bill-inquiry"]["spec"]["template"]["spec"]["containers"]
    [container] = [container for container in containers if container["name"] == "reload-certificates"]
    return container


@pytest.mark.parametrize(
    ("age", "alive"), [(None, True), (0, True), (40, True), (60, False)], ids=["not begun", "new", "40 s", "60 s"]
)
def test_its_probes_fail_once_it_has_not_looked_for_three_times_and_half_a_minute(
    reloader: Any, tmp_path: Path, age: int | None, alive: bool
) -> None:
    heartbeat = tmp_path / "heartbeat"
    if age is not None:
        heartbeat.touch()
        os.utime(heartbeat, (time.time() - age,) * 2)
    for probe in ("livenessProbe", "readinessProbe"):
        done = subprocess.run(
            reloader[probe]["exec"]["command"], env=os.environ | {"HEARTBEAT": str(heartbeat), "EVERY_SECONDS": "5"}
        )
        assert (done.returncode == 0) is alive, probe


def test_it_is_restarted_before_the_server_would_leave_its_service(reloader: Any) -> None:
    patience = {
        probe: reloader[probe]["periodSeconds"] * reloader[probe]["failureThreshold"]
        for probe in ("livenessProbe", "readinessProbe")
    }
    assert patience == {"livenessProbe": 20, "readinessProbe": 60}
