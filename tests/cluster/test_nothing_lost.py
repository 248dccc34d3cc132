"""Every commit that a client was told of is there after the server was stopped or killed, and so is what an uninstall kept.

The machine lives on in these tests, and its page cache with it: that a commit is on the disk before a client is told of it is
asked of the writer's own sessions (DURABLE).
"""

import pytest

from harness.kubernetes import POD, CommandError
from harness.on_cluster.release import Release
from harness.on_cluster.servers import signal_server
from harness.waiting import wait_for, wait_for_words

DURABLE = "fsync=on full_page_writes=on synchronous_commit=on"
# One session inserts row after row and prints the number of each that the server acknowledged; first, what it relies on.
WRITER = r"""
trap '' PIPE # a session that has ended is a lost one, not the end of the writer
n=0
settings="SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
  WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit');"
while :; do
  coproc psql { psql -qAtX -v ON_ERROR_STOP=1 2>&1; }
  echo "$settings" >&${psql[1]} 2>/dev/null && read -r -t 20 answer <&${psql[0]} && echo "session $answer"
  while n=$((n + 1)) && echo "INSERT INTO acknowledged VALUES ($n) RETURNING n;" >&${psql[1]} 2>/dev/null \
      && read -r -t 20 answer <&${psql[0]} && [[ $answer == "$n" ]]; do echo "row $n"; done
  echo "lost: $answer"
  wait; sleep 0.2
done
"""


def start_writer(release: Release) -> None:
    release.cluster.sql("DROP TABLE IF EXISTS acknowledged; CREATE TABLE acknowledged (n INTEGER PRIMARY KEY)")
    release.client("writer", WRITER)
    release.cluster.kubectl("wait", "pod/writer", "--for=condition=Ready", "--timeout=240s")
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
    release.cluster.kubectl("wait", f"pod/{POD}", "--for=create", "--timeout=240s")
    release.cluster.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", "--timeout=240s")


def stop_writer(release: Release) -> set[int]:
    """End the writer; returns the rows that it was told of, all of them by sessions that rely on the disk."""
    told = acknowledged(release)
    log = release.cluster.kubectl("logs", "pod/writer")
    sessions = [line.removeprefix("session ") for line in log.splitlines() if line.startswith("session fsync")]
    assert (len(sessions) >= 2, set(sessions)) == (True, {DURABLE}), "before and after"
    release.cluster.kubectl("delete", "pod/writer", "--grace-period=0", "--force")
    return told


def test_a_deleted_pod_stops_cleanly_and_loses_nothing(database: Release) -> None:
    start_writer(database)
    follow = database.cluster.follow(POD)
    database.cluster.kubectl("delete", f"pod/{POD}", "--wait=true")
    old_log = follow()
    wait_until_ready(database)
    written = len(acknowledged(database))
    wait_for_rows(database, written + 50)
    told = stop_writer(database)
    assert told
    assert told <= rows(database)
    assert "received fast shutdown request" in old_log
    assert "terminating connection due to administrator command" in old_log, "it does not wait for clients to go"
    assert "database system is shut down" in old_log
    assert "was not properly shut down" not in database.cluster.kubectl("logs", POD, "--all-containers")


@pytest.mark.local_node
def test_a_killed_server_recovers_and_loses_nothing(database: Release) -> None:
    start_writer(database)
    signal_server(database.cluster.get(f"pod/{POD}")["metadata"]["uid"], "KILL")
    database.cluster.kubectl(
        "wait", f"pod/{POD}", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "--timeout=240s"
    )
    wait_until_ready(database)
    written = len(acknowledged(database))
    wait_for_rows(database, written + 50)
    told = stop_writer(database)
    assert told
    assert told <= rows(database)
    assert "automatic recovery in progress" in database.cluster.kubectl("logs", POD)


@pytest.fixture
def filled(database: Release) -> Release:
    """The release with data of its own."""
    database.cluster.sql("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS answer")
    return database


def test_uninstall_keeps_the_data_and_the_next_install_finds_it(filled: Release) -> None:
    password = filled.password()
    filled.cluster.helm("uninstall", filled.name, "--wait")
    filled.install()
    assert filled.cluster.sql("SELECT answer FROM kept") == "42"
    assert filled.password() == password


def test_a_new_password_on_a_kept_volume_locks_nobody_out(filled: Release) -> None:
    password = filled.password()
    filled.cluster.helm("uninstall", filled.name, "--wait")
    filled.cluster.kubectl("delete", "secret/postgresql-bill-inquiry-secret")
    filled.install()
    assert filled.password() != password
    assert filled.ask("client", "psql -Atc 'SELECT answer FROM kept'") == (True, "42\n")


def test_a_volume_of_another_major_version_is_refused_with_the_cure(database: Release) -> None:
    database.cluster.kubectl("exec", POD, "--", "bash", "-c", "echo 13 > $PGDATA/PG_VERSION")
    database.cluster.kubectl("delete", f"pod/{POD}")
    database.cluster.kubectl("wait", f"pod/{POD}", "--for=create", "--timeout=240s")

    def log() -> str:  # of a container that has just begun it is empty
        try:
            return database.cluster.kubectl("logs", POD, "--container=prepare-volume")
        except CommandError:
            return ""

    wait_for_words(log, "the volume holds the data of PostgreSQL 13, the image is PostgreSQL 14: set image.tag to 13", 240)
