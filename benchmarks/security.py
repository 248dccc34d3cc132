"""What TLS and scram cost a connection, beside the plan's md5 in the clear; a rotation and a renewal as a client sees them."""

import re
import time
from collections.abc import Iterator

from harness import paths
from harness.kubernetes import Cluster
from harness.on_cluster.pods import standing
from harness.on_cluster.release import Release, Values
from harness.on_cluster.serving import secret
from harness.on_cluster.working import Worker

NAMESPACE = "billdb-bench-security"
CONNECTIONS = 300
PLANS = "md5 in the clear, the plan's"
WAYS: dict[str, Values] = {
    PLANS: {"auth": {"method": "md5"}, "tls": {"mode": "disabled"}},
    "scram-sha-256 in the clear": {"tls": {"mode": "disabled"}},
    "md5 over TLS 1.3": {"auth": {"method": "md5"}},
    "scram-sha-256 over verified TLS 1.3, the chart's": {},
}


def measure(runs: int, _: bool) -> Iterator[tuple[str, dict[str, list[float]], str | None]]:
    """Tables: seconds of 300 connections, one after the other; a password's rotation and a certificate's renewal under load."""
    cluster = Cluster(paths.KUBECONFIG, NAMESPACE)
    cluster.kubectl("apply", "--filename=-", stdin=f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {NAMESPACE}\n")
    release = Release(cluster)
    connections: dict[str, list[float]] = {way: [] for way in WAYS}
    try:
        for way, values in WAYS.items():
            release.install(values)
            connections[way] = _connect(release, runs)
            if values:
                release.remove()
        changes = _changes(release, runs)
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    yield f"{CONNECTIONS} new connections, one after the other", connections, PLANS
    yield "Changes of secrets while a client works", changes, None


def _connect(release: Release, runs: int) -> list[float]:
    """Seconds of each run; psql's \\connect makes a connection without starting a process."""
    password = release.password("bill_inquiry_user")
    tls = "disable" if not _ca(release) else "verify-full"
    pod = standing(release.cluster, "connecting", {}, {"ca.crt": _ca(release), "password": password})
    variables = (
        f"PGPASSWORD=$(< /tmp/password) PGUSER=bill_inquiry_user PGDATABASE=bill_inquiry_db PGSSLMODE={tls} "
        f"PGSSLROOTCERT=/tmp/ca.crt PGHOST=postgresql-bill-inquiry.{NAMESPACE}.svc.cluster.local"
    )
    work = f"for i in {{1..{CONNECTIONS}}}; do echo '\\connect'; done | {variables} psql -qX -v ON_ERROR_STOP=1 > /dev/null"
    seconds = []
    for _run in range(runs):
        begun = time.perf_counter()
        release.cluster.kubectl("exec", pod, "--", "bash", "-c", f"set -o pipefail; {work}")
        seconds.append(time.perf_counter() - begun)
    release.cluster.kubectl("delete", f"pod/{pod}", "--wait=true")
    return seconds


def _changes(release: Release, runs: int) -> dict[str, list[float]]:
    worker = Worker(release.cluster, _ca(release), release.password("bill_inquiry_user"))
    rotations, renewals = [], []
    for run in range(runs):
        begun = time.perf_counter()
        release.upgrade({"auth": {"roles": {"bill_readonly_user": {"password": f"rotated {run}"}}}})
        rotations.append(time.perf_counter() - begun)
        renewals.append(_renew(release, run))
    turns = worker.lines().count("ok")
    failed = len(worker.stop())
    served = f"{failed} of {2 * turns} requests of the client failed"
    return {
        f"helm upgrade that rotates a password ({served})": rotations,
        "helm upgrade that renews the certificate, until it is served (the same client)": renewals,
    }


def _renew(release: Release, run: int) -> float:
    """Seconds until it is served; each run's certificate is near its end by the next one's measure."""
    days = 900 * (run + 1)
    told = _reloads(release)
    begun = time.perf_counter()
    release.upgrade({"tls": {"renewBeforeDays": days, "validityDays": days + 800, "caValidityDays": 36500}})
    while _reloads(release) == told:
        time.sleep(0.2)
    return time.perf_counter() - begun


def _reloads(release: Release) -> int:
    log = release.cluster.kubectl("logs", "postgresql-bill-inquiry-0", "--container=reload-certificates")
    return len(re.findall("the server reads the certificates", log))


def _ca(release: Release) -> str:
    names = release.cluster.kubectl("get", "secrets", "--output=name").split()
    if "secret/postgresql-bill-inquiry-tls" not in names:
        return ""
    return secret(release, "postgresql-bill-inquiry-tls")["ca.crt"]
