"""What TLS and scram cost a connection, beside the plan's md5 in the clear; a rotation and a renewal as a client sees them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks import changing, machine, tables, turns
from benchmarks.namespace import namespace
from benchmarks.results import Section
from harness.kubernetes import Cluster
from harness.on_cluster.pods import standing
from harness.on_cluster.release import Release, Values
from harness.on_cluster.serving import secret

CONNECTIONS = 200
PLANS, CHARTS = "md5 in the clear, the plan's", "scram-sha-256 over verified TLS 1.3, the chart's"
WAYS: Mapping[str, Values] = {
    PLANS: {"auth": {"method": "md5"}, "tls": {"mode": "disabled"}},
    "scram-sha-256 in the clear": {"tls": {"mode": "disabled"}},
    "md5 over TLS 1.3": {"auth": {"method": "md5"}},
    CHARTS: {},
}


def measure(number: int) -> Section:
    """Tables: seconds of connections, one after the other; a password's rotation and a certificate's renewal under load."""
    with ExitStack() as stack:
        clusters = [stack.enter_context(namespace(f"billdb-bench-security-{place}")) for place in range(len(WAYS))]
        with ThreadPoolExecutor() as threads:
            clients = dict(zip(WAYS, threads.map(_Client, clusters, WAYS.values()), strict=True))
        server = machine.server(clusters[0].sql("SELECT version()"))
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for turn in range(-1, number):  # the first one is to warm up
            for way in turns.order(list(WAYS), turn):
                took = turns.seconds(clients[way].connect)
                seconds[way] += [took] if turn >= 0 else []
        changes = changing.measure(clients[CHARTS].release, clients[CHARTS].ca, number)
    return Section(
        f"{tables.of_seconds(f'{CONNECTIONS} new connections, one after the other', seconds, PLANS)}\n\n{changes}", server
    )


class _Client:
    """A pod that connects to its own release."""

    def __init__(self, cluster: Cluster, values: Values) -> None:
        self.release = Release(cluster)
        self.release.install(values)
        tls = values.get("tls", {}).get("mode") != "disabled"
        self.ca = secret(self.release, "postgresql-bill-inquiry-tls")["ca.crt"] if tls else ""
        files = {"ca.crt": self.ca, "password": self.release.password("bill_inquiry_user")}
        self.pod = standing(cluster, "connecting", {}, files)
        self.variables = (
            f"PGPASSWORD=$(< /tmp/password) PGUSER=bill_inquiry_user PGDATABASE=bill_inquiry_db "
            f"PGSSLMODE={'verify-full' if tls else 'disable'} PGSSLROOTCERT=/tmp/ca.crt "
            f"PGHOST=postgresql-bill-inquiry.{cluster.namespace}.svc.cluster.local"
        )

    def connect(self) -> None:
        """Connect so many times; psql's \\connect makes a connection without starting a process."""
        asked = f"for i in {{1..{CONNECTIONS}}}; do echo '\\connect'; done"
        work = f"set -o pipefail; {asked} | {self.variables} psql -qX -v ON_ERROR_STOP=1 > /dev/null"
        self.release.cluster.kubectl("exec", self.pod, "--", "bash", "-c", work)
