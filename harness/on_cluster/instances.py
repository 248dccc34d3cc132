"""The servers of a release that CloudNativePG runs: who is the primary, how they do, and what is asked of each."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.kubernetes import DATABASE, CommandError
from harness.on_cluster.release import Release
from harness.waiting import wait_for

NAME = "postgresql-bill-inquiry"
SERVERS = f"cnpg.io/cluster={NAME},cnpg.io/podRole=instance"
HEALTHY = "Cluster in healthy state"
SWITCHING = "Switchover in progress"  # as `kubectl cnpg promote` writes it


@dataclass(frozen=True)
class Instances:
    """The servers of the release's Cluster."""

    release: Release

    def status(self) -> dict[str, object]:
        """The Cluster's status, as the operator writes it."""
        status: dict[str, object] = self.release.cluster.get(f"cluster/{NAME}").get("status", {})
        return status

    def primary(self) -> str:
        """The pod of the primary, as the operator knows it."""
        return str(self.status()["currentPrimary"])

    def pods(self) -> list[str]:
        """The pods of all servers that there are, in order."""
        return sorted(self.lives())

    def replicas(self) -> list[str]:
        """The pods of the others."""
        primary = self.primary()
        return [pod for pod in self.pods() if pod != primary]

    def uid(self, pod: str) -> str:
        """What tells this pod from the next one of its name."""
        return str(self.release.cluster.get(f"pod/{pod}")["metadata"]["uid"])

    def sql(self, query: str, pod: str = "", database: str = DATABASE) -> str:
        """The answer of the primary, or of a pod: columns by `|`, rows by line. Raises CommandError."""
        psql = ["psql", "--no-psqlrc", "--no-align", "--tuples-only", "--username=postgres", f"--dbname={database}"]
        command = ["exec", pod or self.primary(), "--container=postgres", "--", *psql, f"--command={query}"]
        return self.release.cluster.kubectl(*command).removesuffix("\n")

    def takes_writes(self, pod: str) -> bool:
        """Whether this server is there, and a primary by its own account."""
        try:
            return self.sql("SELECT pg_is_in_recovery()", pod) == "f"
        except CommandError:
            return False

    def promote(self, pod: str) -> None:
        """Ask the operator to make this pod the primary, and the primary a replica."""
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        status = {"targetPrimary": pod, "targetPrimaryTimestamp": now, "phase": SWITCHING, "phaseReason": f"to {pod}"}
        patch = ("patch", f"cluster/{NAME}", "--subresource=status", "--type=merge")
        self.release.cluster.kubectl(*patch, f"--patch={json.dumps({'status': status})}")

    def wait_primary(self, other_than: str, seconds: float = 240) -> str:
        """Wait until another pod than this is the primary; returns it."""
        wait_for(lambda: self.primary() != other_than, f"another primary than {other_than}", seconds, self.told, every=1)
        return self.primary()

    def lives(self) -> dict[str, tuple[str, str]]:
        """By pod what tells the server that runs in it from the one before: the pod's uid, and since when its containers run."""
        found = self.release.cluster.get("pods", f"--selector={SERVERS}")["items"]
        return {pod["metadata"]["name"]: (pod["metadata"]["uid"], _since(pod["status"])) for pod in found}

    @contextmanager
    def ending(self, pod: str, seconds: float = 120) -> Iterator[None]:
        """What is done in the block ends this server: wait until it does, or until another one is the primary in its place."""
        life, primary = self.lives()[pod], self.primary()
        yield
        what = f"an end of {pod}, {life[0]}"
        wait_for(lambda: self.lives().get(pod) != life or self.primary() != primary, what, seconds, self.told, every=0.5)

    def wait_replaced(self, uids: dict[str, str], seconds: float = 300) -> None:
        """Wait until every one of these pods is another one than that with this uid."""

        def replaced() -> bool:
            try:
                return all(self.uid(pod) != uid for pod, uid in uids.items())
            except CommandError:  # one is gone just now
                return False

        wait_for(replaced, "every server to be restarted", seconds, self.told, every=2)

    def wait_healthy(self, seconds: float = 600) -> None:
        """Wait until every server is there, and streams from the one that takes writes.

        The kubelet waits up to five minutes before it starts a container again that ended often.
        """
        wait_for(self._healthy, f"{NAME} to be healthy", seconds, self.told, every=2)

    def _healthy(self) -> bool:
        try:
            cluster = self.release.cluster.get(f"cluster/{NAME}")
            status, wanted = cluster["status"], int(cluster["spec"]["instances"])  # the status has those that there are
            if (status.get("phase"), status.get("readyInstances")) != (HEALTHY, wanted):
                return False
            if status["currentPrimary"] != status["targetPrimary"]:
                return False
            # The status may be of before: a pod that was deleted by force is gone from it a moment later.
            found = self.release.cluster.get("pods", f"--selector={SERVERS}")["items"]
            if [_ready(pod) for pod in found] != [True] * wanted:
                return False
            streaming = self.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND NOT pg_is_in_recovery()")
        except (CommandError, KeyError):
            return False
        return int(streaming) >= wanted - 1

    def told(self) -> str:
        """What the operator says of them."""
        status = self.status()
        keys = ("phase", "phaseReason", "instances", "readyInstances", "currentPrimary", "targetPrimary", "instancesStatus")
        pods = self.release.cluster.kubectl("get", "pods", "--output=wide")
        return "\n".join([*(f"{key}: {status.get(key)}" for key in keys), pods])


def _ready(pod: dict[str, Any]) -> bool:
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def _since(status: dict[str, Any]) -> str:
    running = [container["state"].get("running", {}) for container in status.get("containerStatuses", [])]
    return ",".join(str(state.get("startedAt", "")) for state in running)
