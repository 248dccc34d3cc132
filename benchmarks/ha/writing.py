"""Commits a second of the service's writes: one server, three of them, waiting for a second one or not, and by the pooler."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

from benchmarks import machine, tables, turns
from benchmarks.figures import figure, ratios, text
from benchmarks.ha import filling, servers
from benchmarks.ha.clients import Clients
from benchmarks.results import Section
from benchmarks.schema import compare, reads, writes
from benchmarks.schema.pgbench import Times
from harness import image
from harness.local import node, pgbouncer
from harness.local.cluster import load
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged
from harness.progress import step

SECONDS = 20  # of each in each turn
COMMITS = 3  # of an inquiry
POOL = 20  # connections, as the service's pool has
A_DAY = 86_400
# An inquiry from its first row to its answer, in a transaction each, as the service writes it.
INQUIRY = (
    reads.LINE
    + writes.STATEMENTS[writes.INQUIRY]
    .replace("md5('request ' || :number)::uuid::text", "gen_random_uuid()::text")
    .replace("RETURNING id;", "RETURNING id AS number, request_id AS request \\gset")
    + writes.STATEMENTS[writes.KOS].replace("md5('request ' || :number)::uuid::text", ":request")
    + writes.TOOK
    + writes.STATEMENTS[writes.ANSWER]
)


class Way(NamedTuple):
    """A release by the end of its namespace's name, the Service that is asked, and by how many clients."""

    place: str
    clients: int = POOL
    service: str = NAME


PLACES: Mapping[str, Mapping[str, Any]] = {
    "statefulset": servers.STATEFULSET,
    "one": merged(servers.VALUES, {"cloudnativepg": {"instances": 1}}),
    # As without synchronous replication: no commit waits for what another server says.
    "asynchronous": merged(servers.VALUES, {"postgresql": {"parameters": {"synchronous_commit": "local"}}}),
    "synchronous": merged(servers.VALUES, {"cloudnativepg": {"pooler": {"enabled": True}}}),
}
POOLER = f"{NAME}-pooler"
STATEFULSET, ONE, SYNCHRONOUS = "the StatefulSet", "CloudNativePG, one server", "three servers, synchronous"
WAYS = {
    STATEFULSET: Way("statefulset"),
    ONE: Way("one"),
    "three servers, asynchronous": Way("asynchronous"),
    SYNCHRONOUS: Way("synchronous"),
    **{f"the same by the pooler, {clients:,} clients": Way("synchronous", clients, POOLER) for clients in (POOL, 200, 1_000)},
}


def measure(number: int) -> Section:
    """Install all of them, and measure in turns."""
    with ExitStack() as stack, ThreadPoolExecutor() as threads:
        stack.enter_context(servers.operator())
        load(node.first(), pgbouncer.image(image.pooler()))
        made = {place: stack.enter_context(servers.release(f"billdb-bench-ha-{place}")) for place in PLACES}
        with step("install"):
            clients = dict(zip(made, threads.map(_install, made.values(), PLACES.values()), strict=True))
        found: dict[str, list[Times]] = {name: [] for name in WAYS}
        for turn in range(-1, number):
            with step(f"writing, turn {turn + 1} of {number}" if turn >= 0 else "writing, to warm up"):
                for name in turns.order(list(WAYS), turn):
                    times = _write(made[WAYS[name].place], clients[WAYS[name].place], WAYS[name])
                    found[name] += [times] if turn >= 0 else []
        version = servers.psql(made["statefulset"], "SELECT version();").strip()
    return Section(section(found), machine.server(version))


def _install(release: Release, values: Mapping[str, Any]) -> Clients:
    release.install(values)
    if values["engine"] == "cloudnativepg":
        Instances(release).wait_healthy(servers.LONGEST)
    filling.functions(release)
    return Clients(release)


def _write(release: Release, clients: Clients, way: Way) -> Times:
    servers.psql(release, "CHECKPOINT;")
    return clients.run(way.service, INQUIRY, writes.CONSTANTS, way.clients, SECONDS)


def section(found: Mapping[str, Sequence[Times]]) -> str:
    """The part's text."""
    return "\n\n".join([
        headline(found),
        f"An inquiry is {COMMITS} commits: its row, its call to KOS, its answer. {SECONDS} s or more in each turn, all servers\n"
        "on one machine, which they share with the clients: what three of them cost here is more than on machines of their own,\n"
        "but for the network between those. Milliseconds are those of an inquiry's writes together.",
        _table(found),
    ])  # fmt: skip


def headline(found: Mapping[str, Sequence[Times]]) -> str:
    """What one primary carries, in the service's words."""
    inquiries = figure([times.rate for times in found[SYNCHRONOUS]]).middle
    slower = text(figure(ratios(_commits(found[SYNCHRONOUS]), _commits(found[STATEFULSET]))), 2)
    return (
        f"**The primary of three synchronous servers** writes {inquiries:,.0f} inquiries a second, which are"
        f" {inquiries * A_DAY / 1e6:,.1f} million a day if every second were the busiest: {slower} times as many as the"
        " StatefulSet."
    )


def _commits(found: Sequence[Times]) -> list[float]:
    return [COMMITS * times.rate for times in found]


def _table(found: Mapping[str, Sequence[Times]]) -> str:
    rows = []
    for name, times in found.items():
        slow = compare.p99(times)
        rows.append([
            name, str(WAYS[name].clients), str(len(times)),
            text(figure(_commits(times)), 0), text(figure(ratios(_commits(times), _commits(found[STATEFULSET]))), 2),
            text(figure([one.p50 for one in times]), 1), text(figure(slow), 1) if slow else "",
        ])  # fmt: skip
    return tables.markdown(["", "clients", "n", "commits a second", "times as many", "p50, ms", "p99, ms"], rows)
