"""Every commit that a client was told of is there after whatever happens to the server."""

import time

import pytest

from harness import commands
from harness.kubernetes import POD
from harness.local import node
from harness.on_cluster.release import Release
from harness.waiting import wait_for

# One session inserts row after row and prints the number of each row that the server acknowledged.
WRITER = r"""
n=0
while :; do
  coproc psql { psql -qAtX -v ON_ERROR_STOP=1 2>&1; }
  while n=$((n + 1)) && echo "INSERT INTO acknowledged VALUES ($n) RETURNING n;" >&${psql[1]} 2>/dev/null \
      && read -r -t 20 answer <&${psql[0]} && [[ $answer == "$n" ]]; do echo "row $n"; done
  echo "lost: $answer"
  wait; sleep 0.2
done
"""


def start_writer(release: Release) -> None:
    release.cluster.sql("DROP TABLE IF EXISTS acknowledged; CREATE TABLE acknowledged (n INTEGER PRIMARY KEY)")
    release.client("writer", WRITER)
    release.cluster.kubectl("wait", "pod/writer", "--for=condition=Ready", "--timeout=30s")
    wait_for_rows(release, 200)


def acknowledged(release: Release) -> set[int]:
    log = release.cluster.kubectl("logs", "pod/writer")
    return {int(line.removeprefix("row ")) for line in log.splitlines() if line.startswith("row ")}


def wait_for_rows(release: Release, count: int) -> None:
    def log() -> str:
        return release.cluster.kubectl("logs", "pod/writer", "--tail=5")

    wait_for(lambda: len(acknowledged(release)) >= count, f"{count} acknowledged rows", seen=log)


def rows(release: Release) -> set[int]:
    return {int(line) for line in release.cluster.sql("SELECT n FROM acknowledged").splitlines()}


def wait_until_ready(release: Release) -> None:
    release.cluster.kubectl("wait", f"pod/{POD}", "--for=create", "--timeout=30s")
    release.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=90s")


def stop_writer(release: Release) -> set[int]:
    told = acknowledged(release)
    release.cluster.kubectl("delete", "pod/writer", "--grace-period=0", "--force")
    return told


def test_a_deleted_pod_stops_cleanly_and_loses_nothing(database: Release) -> None:
    start_writer(database)
    log = database.cluster.kubectl
    begun = time.monotonic()
    follow = database.cluster.follow(POD)
    database.cluster.kubectl("delete", f"pod/{POD}", "--wait=true")
    took = time.monotonic() - begun
    old_log = follow()
    wait_until_ready(database)
    written = len(acknowledged(database))
    wait_for_rows(database, written + 50)
    told = stop_writer(database)
    assert told
    assert told <= rows(database)
    assert "database system is shut down" in old_log
    assert "was not properly shut down" not in log("logs", POD, "--all-containers")
    assert took < 30, "a fast stop does not wait for clients to go"


@pytest.mark.local_node
def test_a_killed_server_recovers_and_loses_nothing(database: Release) -> None:
    start_writer(database)
    kill_server(database)
    database.cluster.kubectl(
        "wait", f"pod/{POD}", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "--timeout=60s"
    )
    wait_until_ready(database)
    written = len(acknowledged(database))
    wait_for_rows(database, written + 50)
    told = stop_writer(database)
    assert told
    assert told <= rows(database)
    assert "automatic recovery in progress" in database.cluster.kubectl("logs", POD)


def kill_server(release: Release) -> None:
    """SIGKILL to the server and its processes: process 1 of a pod can be killed only from outside its namespace."""
    running = node.current()
    assert running, "this test needs the local Kubernetes"
    uid = release.cluster.get(f"pod/{POD}")["metadata"]["uid"]
    script = f"""
        for process in $(grep --files-with-matches --fixed-strings {uid} /proc/[0-9]*/cgroup | cut -d/ -f3); do
            [[ $(cat /proc/$process/comm) != postgres ]] || kill -KILL $process
        done
    """
    commands.run(running.command("bash", "-c", script))


def test_uninstall_keeps_the_data_and_the_next_install_finds_it(database: Release) -> None:
    database.cluster.sql("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
    password = database.password()
    database.cluster.helm("uninstall", database.name, "--wait")
    database.install()
    assert database.cluster.sql("SELECT answer FROM kept") == "42"
    assert database.password() == password


def test_a_new_password_on_a_kept_volume_locks_nobody_out(database: Release) -> None:
    database.cluster.helm("uninstall", database.name, "--wait")
    database.cluster.kubectl("delete", "secret/postgresql-bill-inquiry-secret")
    database.install()
    assert database.ask("client", "psql -Atc 'SELECT answer FROM kept'") == (True, "42\n")


def test_a_volume_of_another_major_version_is_refused_with_the_cure(database: Release) -> None:
    database.cluster.kubectl("exec", POD, "--", "bash", "-c", "echo 13 > $PGDATA/PG_VERSION")
    database.cluster.kubectl("delete", f"pod/{POD}")
    database.cluster.kubectl("wait", f"pod/{POD}", "--for=create", "--timeout=30s")
    failed = "jsonpath={.status.initContainerStatuses[0].restartCount}=1"
    database.cluster.kubectl("wait", f"pod/{POD}", f"--for={failed}", "--timeout=60s")
    log = database.cluster.kubectl("logs", POD, "--container=prepare-volume")
    assert "the volume holds the data of PostgreSQL 13, the image is PostgreSQL 14: set image.tag to 13" in log
