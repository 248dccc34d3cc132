"""Readings a second from the primary, from its replicas, and from all of them."""

from collections.abc import Mapping, Sequence

from benchmarks import machine, tables, turns
from benchmarks.backup.serving import READ
from benchmarks.figures import figure, ratios, text
from benchmarks.ha import filling, servers
from benchmarks.ha.clients import Clients
from benchmarks.results import Section
from benchmarks.schema import compare, reads
from benchmarks.schema.pgbench import Times
from harness.on_cluster.instances import NAME
from harness.on_cluster.release import merged
from harness.progress import step

SECONDS = 20  # of each in each turn
CLIENTS = 20
CPU = "300m"  # of each server: three of them have less than this machine, and are what the clients wait for
PRIMARY = "the primary"
SERVICES = {PRIMARY: NAME, "its two replicas": f"{NAME}-ro", "all three": f"{NAME}-r"}


def measure(number: int, rows: int) -> Section:
    """Fill the database, and read in turns."""
    with servers.operator(), servers.chart("billdb-bench-ha-reads") as instances:
        filling.fill(instances.release, rows)
        uids = {pod: instances.uid(pod) for pod in instances.pods()}
        instances.release.upgrade(merged(servers.VALUES, {"resources": {"limits": {"cpu": CPU}}}))  # loading wants more
        instances.wait_replaced(uids)
        instances.wait_healthy(servers.LONGEST)
        clients = Clients(instances.release)
        script = next(kind.script for kind in reads.kinds(rows) if kind.name == READ)
        found: dict[str, list[Times]] = {name: [] for name in SERVICES}
        for turn in range(-1, number):
            with step(f"reading, turn {turn + 1} of {number}" if turn >= 0 else "reading, to warm up"):
                for name in turns.order(list(SERVICES), turn):
                    times = clients.run(SERVICES[name], script, reads.CONSTANTS, CLIENTS, SECONDS)
                    found[name] += [times] if turn >= 0 else []
        version = machine.server(instances.sql("SELECT version()"))
    return Section(section(rows, found), version)


def section(rows: int, found: Mapping[str, Sequence[Times]]) -> str:
    """The part's text."""
    body = []
    for name, times in found.items():
        slow = compare.p99(times)
        rates = [one.rate for one in times]
        ratio = ratios(rates, [one.rate for one in found[PRIMARY]])
        body.append([
            name, str(len(times)), text(figure(rates), 0), text(figure(ratio), 2),
            text(figure([one.p50 for one in times]), 1), text(figure(slow), 1) if slow else "",
        ])  # fmt: skip
    return "\n\n".join([
        f"{rows:,} rows in each history table, {CLIENTS} clients that read a line's pages with their counts, {SECONDS} s or\n"
        f"more in each turn. Each server has {CPU} of a processor, as if it were on a small machine of its own; the Services\n"
        "spread connections.",
        tables.markdown(["", "n", "readings a second", "times as many", "p50, ms", "p99, ms"], body),
    ])  # fmt: skip
