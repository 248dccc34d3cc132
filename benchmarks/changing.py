"""Secrets that change while a client works: a role's password, and the server's certificate until it is served."""

import json
import re

from benchmarks import tables, turns
from harness.kubernetes import Cluster
from harness.on_cluster.release import Release
from harness.on_cluster.working import Worker
from harness.waiting import wait_for

ROTATION = "helm upgrade that rotates a password"
RENEWAL = "helm upgrade that renews the certificate, until it is served"


def measure(release: Release, ca: str, number: int) -> str:
    """A table, how the client fared, and how often the kubelet looks at Secrets."""
    worker = Worker(release.cluster, ca, release.password("bill_inquiry_user"))
    changes = {ROTATION: _rotate, RENEWAL: _renew}
    seconds: dict[str, list[float]] = {name: [] for name in changes}
    for turn in range(number):
        for name in turns.order(list(changes), turn):
            seconds[name].append(turns.seconds(changes[name], release, turn))
    told = worker.lines()
    # A turn makes both kinds of request, and its last line tells of the new connection.
    requests = 2 * sum(not line.startswith("FAILED kept") for line in told)
    failed = sum(line != "ok" for line in told)
    worker.stop()
    return (
        f"{tables.of_seconds('Changes of secrets while a client works', seconds)}\n\n"
        f"{failed} of the client's {requests:,} requests failed. The kubelet here syncs every {_sync(release.cluster)}"
        " (`syncFrequency`), which a renewal waits for. The default of other clusters is 1 minute: a renewal takes longer there."
    )


def _rotate(release: Release, turn: int) -> None:
    release.upgrade({"auth": {"roles": {"bill_readonly_user": {"password": f"rotated {turn}"}}}})


def _renew(release: Release, turn: int) -> None:
    """Each turn's certificate is near its end by the next one's measure."""
    days = 900 * (turn + 1)
    told = _reloads(release)
    release.upgrade({"tls": {"renewBeforeDays": days, "validityDays": days + 800, "caValidityDays": 36500}})
    wait_for(lambda: _reloads(release) > told, "the server to read its new certificate", 300)


def _reloads(release: Release) -> int:
    log = release.cluster.kubectl("logs", "postgresql-bill-inquiry-0", "--container=reload-certificates")
    return len(re.findall("the server reads the certificates", log))


def _sync(cluster: Cluster) -> str:
    node = cluster.get("pod/postgresql-bill-inquiry-0")["spec"]["nodeName"]
    configuration = json.loads(cluster.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/configz"))
    return str(configuration["kubeletconfig"]["syncFrequency"])
