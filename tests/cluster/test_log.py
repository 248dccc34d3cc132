"""What is in a release's log, and what is not: the probes ask in doubt alone; JSON lines are all there, the last ones too."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from harness.kubernetes import POD, CommandError
from harness.local import cluster, images, node
from harness.on_cluster.release import Release
from harness.on_cluster.servers import signal_server
from harness.waiting import wait_for, wait_for_words

pytestmark = pytest.mark.local_node
PROBE = "bash /etc/postgresql/answering.sh"
ASK = "pg_isready --quiet --host=127.0.0.1"
COLLECTOR = "$(grep -l '^postgres: logger' /proc/[0-9]*/cmdline | cut -d/ -f3)"
REDIRECTED = re.compile("LOG:  redirecting log output|HINT:  Future log output will appear")
FULL = {"postgresql": {"parameters": {"max_connections": 8, "superuser_reserved_connections": 1}}}


def execute(release: Release, script: str) -> str:
    return release.cluster.kubectl("exec", POD, "--container=postgresql", "--", "bash", "-ec", script)


def log(release: Release, *arguments: str) -> str:
    return release.cluster.kubectl("logs", POD, "--container=postgresql", *arguments)


def restarts(release: Release) -> int:
    statuses = release.cluster.get(f"pod/{POD}")["status"]["containerStatuses"]
    return int(next(status["restartCount"] for status in statuses if status["name"] == "postgresql"))


@pytest.fixture(scope="module")
def loaded() -> None:
    running = node.first()
    cluster.load(running, images.archives(["14", "15", "18"]))


@pytest.fixture
def fresh(loaded: None, release: Release) -> Iterator[Release]:
    yield release
    release.remove()


def from_the_pod_itself(release: Release) -> list[str]:
    return [line for line in log(release).splitlines() if "connection received: host=127.0.0.1" in line]


def test_a_probe_of_a_server_that_is_well_is_not_in_its_log_and_a_frozen_or_full_server_is_told_apart(fresh: Release) -> None:
    fresh.install(FULL)
    execute(fresh, f"until {PROBE} | grep -q . ; [[ -e /tmp/postmaster-woken ]]; do :; done")
    before = from_the_pod_itself(fresh)
    execute(fresh, f"for _ in 1 2 3 4 5; do {PROBE}; done; {ASK}")
    wait_for(lambda: len(from_the_pod_itself(fresh)) > len(before), "the line of the one that asked")
    assert len(from_the_pod_itself(fresh)) <= len(before) + 2  # a postmaster that was busy for a moment is asked as well
    # Clients of a pod of their own: what a shell here leaves behind would be the postmaster's children.
    sessions = "for _ in {1..12}; do psql --command='SELECT pg_sleep(600)' & done; wait"
    fresh.client("full", sessions)
    fresh.cluster.kubectl("wait", "pod/full", "--for=jsonpath={.status.phase}=Running", "--timeout=240s")
    wait_for(lambda: "too many clients" in fresh.cluster.kubectl("logs", "pod/full"), "a server without a place")
    execute(fresh, f"{ASK}; {PROBE}")
    fresh.cluster.kubectl("delete", "pod/full", "--grace-period=0", "--force")
    assert restarts(fresh) == 0
    uid = fresh.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    signal_server(uid, "STOP")
    events = ("get", "events", "--output=jsonpath={.items[*].message}")
    wait_for_words(lambda: fresh.cluster.kubectl(*events), "Container postgresql failed liveness probe", 300)
    signal_server(uid, "CONT")
    wait_for(lambda: restarts(fresh) == 1, "another server in place of the frozen one", every=0.5)
    fresh.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")


def objects(lines: str) -> list[dict[str, Any]]:
    """The lines of JSON. All others are the scripts', or the server's before its log begins; the last of those may be late."""
    begun, found = False, []
    for line in lines.splitlines():
        if line.startswith("{"):
            found.append(json.loads(line))
        else:
            assert not begun or REDIRECTED.search(line), line
            begun = "Future log output will go to log destination" in line
    return found


@pytest.mark.parametrize("tag", ["15", "18"])
def test_json_is_all_that_the_server_says_its_last_words_too(fresh: Release, tag: str) -> None:
    fresh.install({"image": {"tag": tag}, "postgresql": {"logFormat": "json"}, "backup": {"enabled": False}})
    fresh.cluster.sql("DO 'BEGIN RAISE LOG $$one\n\"two\"$$; END'")
    wait_for_words(lambda: log(fresh), "one\\n")
    [said] = [line for line in objects(log(fresh)) if line["message"] == 'one\n"two"']
    assert {name: said[name] for name in ("user", "dbname", "error_severity", "application_name", "backend_type")} == {
        "user": "postgres", "dbname": "bill_inquiry_db", "error_severity": "LOG", "application_name": "psql",
        "backend_type": "client backend",
    }  # fmt: skip
    # The collector lags behind: the container waits for it, and its output is whole.
    stop = "pg_ctl stop --mode=fast --no-wait --silent; while [[ -e $PGDATA/postmaster.pid ]]; do :; done"
    with suppress(CommandError):  # whether this command or the container ends first is chance
        execute(fresh, f"collector={COLLECTOR}; kill -STOP $collector; {stop}; kill -CONT $collector")
    wait_for(lambda: restarts(fresh) == 1, "the container's next life", every=0.5)
    assert objects(log(fresh, "--previous"))[-1]["message"] == "database system is shut down"
    fresh.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")
    with suppress(CommandError):  # here too
        fresh.cluster.sql(
            "DO 'BEGIN RAISE LOG $$last words$$; EXECUTE $$COPY (SELECT) TO PROGRAM ''kill -9 $(head -1 postmaster.pid)''$$; END'"
        )
    wait_for(lambda: restarts(fresh) == 2, "the life after that", every=0.5)
    assert "last words" in [line["message"] for line in objects(log(fresh, "--previous"))]
    fresh.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")
    assert {"database system is ready to accept connections"} <= {line["message"] for line in objects(log(fresh))}
    assert execute(fresh, "find $PGDATA/log $PGDATA/pg_log 2> /dev/null || find /tmp/log -type f") == ""
