"""What is kept of a namespace after a failure, and the lines that are shown of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness import evidence, paths
from harness.kubernetes import Cluster


def container(name: str, state: dict[str, Any], last: dict[str, Any] | None = None, ready: bool = False) -> dict[str, Any]:
    return {"name": name, "state": state, "lastState": last or {}, "ready": ready, "restartCount": 2 if last else 0}


ENDED = {"terminated": {"reason": "Error", "exitCode": 3}}
PODS = [
    {
        "metadata": {"name": "server-0"},
        "status": {
            "initContainerStatuses": [container("prepare", {"terminated": {"reason": "Completed", "exitCode": 0}})],
            "containerStatuses": [
                container("postgresql", {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}, ENDED),
                container("reload", {"running": {}}),
                container("exporter", {"running": {}}, ready=True),
            ],
        },
    },
    {"metadata": {"name": "job-x"}, "status": {"containerStatuses": [container("init", ENDED)]}},
    {
        "metadata": {"name": "initializing"},
        "status": {"containerStatuses": [container("init", {"waiting": {"reason": "PodInitializing"}})]},
    },
    {"metadata": {"name": "ready"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
    {"metadata": {"name": "ended"}, "status": {"phase": "Succeeded"}},
    {
        "metadata": {"name": "waits"},
        "status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "full"}]},
    },
]
WORDS = [(2, "Warning", "later"), (1, "Warning", "first"), (3, "Warning", "later"), (4, "Normal", "fine")]
EVENTS = [
    {
        "metadata": {"creationTimestamp": f"2026-11-24T10:00:0{second}Z"},
        "involvedObject": {"kind": "Pod", "name": "server-0"},
        "type": kind,
        "reason": "BackOff",
        "message": message,
    }
    for second, kind, message in [
        (2, "Warning", "later"),
        (1, "Warning", "first"),
        (3, "Warning", "later"),
        (4, "Normal", "fine"),
    ]
]
KUBECTL = f"""
case $* in
  *get*pods*) echo '{json.dumps({"items": PODS})}';;
  *get*events*json*) echo '{json.dumps({"items": EVENTS})}';;
  *get*events*) echo 'the events';;
  *describe*) echo 'the descriptions';;
  *logs*--previous*) printf '%s\\n' 'a line' 'PANIC';;
  *logs*job-x*) seq 100;;
  *logs*) echo 'a log';;
esac
"""


@pytest.fixture
def cluster(empty_checkout: Path, tmp_path: Path) -> Cluster:
    paths.BIN.mkdir(parents=True)
    (paths.BIN / "kubectl").write_text(f"#!/bin/bash\n{KUBECTL}")
    (paths.BIN / "kubectl").chmod(0o755)
    return Cluster(tmp_path / "kubeconfig", "ns")


@pytest.fixture
def failed(empty_checkout: Path) -> Path:
    return empty_checkout / "logs" / "failed"


def test_the_telling_lines_say_who_is_not_ready_why_and_what_it_said_last(cluster: Cluster, failed: Path) -> None:
    assert evidence.keep(cluster, "test_x.test_y[a/b c]").splitlines() == [
        f"namespace ns; all of it is in {failed}/test_x.test_y_a_b_c_:",
        "  server-0/postgresql: waiting: CrashLoopBackOff, back-off 10s",
        "  server-0/reload: running, not ready, restarted 0 times",
        "  job-x/init: terminated: Error, exit code 3",
        "  initializing: not ready, and no container says why",
        "  waits: Unschedulable: full",
        "  server-0/postgresql (previous), the end of its log:",
        "    a line",
        "    PANIC",
        "  job-x/init, the end of its log:",
        *(f"    {number}" for number in range(91, 101)),
        "  event: Pod/server-0: BackOff: first",
        "  event: Pod/server-0: BackOff: later",
    ]


def test_events_descriptions_and_every_log_are_kept(cluster: Cluster, failed: Path) -> None:
    (failed / "up").mkdir(parents=True)
    (failed / "up" / "of-an-earlier-failure").touch()
    evidence.keep(cluster, "up")
    assert {file.name: file.read_text()[:16] for file in (failed / "up").iterdir()} == {
        "describe.txt": "the descriptions",
        "events.txt": "the events\n",
        "server-0.prepare.log": "a log\n",
        "server-0.postgresql.log": "a log\n",
        "server-0.postgresql.previous.log": "a line\nPANIC\n",
        "server-0.reload.log": "a log\n",
        "server-0.exporter.log": "a log\n",
        "initializing.init.log": "a log\n",
        "job-x.init.log": "1\n2\n3\n4\n5\n6\n7\n8\n",
    }


def test_a_cluster_that_does_not_answer_adds_no_failure_of_its_own(cluster: Cluster, failed: Path) -> None:
    (paths.BIN / "kubectl").write_text("#!/bin/bash\necho Unable to connect to the server >&2; exit 1")
    assert evidence.keep(cluster, "up") == f"namespace ns; all of it is in {failed}/up:"
    assert "Unable to connect to the server" in (failed / "up" / "events.txt").read_text()


def test_a_disk_that_takes_no_files_keeps_the_telling_lines(cluster: Cluster, failed: Path) -> None:
    failed.parent.mkdir()
    failed.write_text("a file where a folder should be")
    said = evidence.keep(cluster, "up").splitlines()
    assert said[0].startswith("namespace ns; it cannot be kept ([Errno 20] Not a directory")
    assert len(said) > 5
