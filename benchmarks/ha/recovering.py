"""The database of a moment out of the archive, into a new release: seconds until the service can use it, by GB."""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks import machine, turns
from benchmarks.figures import figure, text
from benchmarks.ha import filling, servers
from benchmarks.results import Section
from benchmarks.tables import markdown
from harness import paths
from harness.local import programs
from harness.on_cluster import barman, s3, stores
from harness.on_cluster.archived import ROWS, moment, wait_base_backup
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged
from harness.on_cluster.s3 import S3, SECRET
from harness.progress import step

ORIGIN = "origin"
BACKUP = f"""
apiVersion: postgresql.cnpg.io/v1
kind: Backup
metadata: {{name: filled}}
spec: {{cluster: {{name: {NAME}}}, method: plugin, pluginConfiguration: {{name: barman-cloud.cloudnative-pg.io}}}}
"""


def measure(number: int, rows: int) -> Section:
    """Archive a filled database once, and recover it into a new namespace each turn."""
    programs.install(["versitygw"])
    seconds = []
    with (
        servers.operator() as cluster,
        barman.running(cluster),
        servers.release("billdb-bench-ha-origin") as origin,
        tempfile.TemporaryDirectory(dir=paths.LOCAL) as folder,
        s3.running(origin.cluster, Path(folder)) as store,
    ):
        gigabytes, between, backup = _archived(origin, store, rows)
        for turn in range(number):
            with servers.release(f"billdb-bench-ha-again-{turn}") as again, step(f"recover, turn {turn + 1} of {number}"):
                stores.secret(again.cluster, SECRET, store.keys)
                recovery = {"recovery": {"from": ORIGIN, "until": between}}
                values = merged(_values(store, f"again-{turn}"), {"cloudnativepg": recovery})
                seconds.append(turns.seconds(_recover, again, values))
                instances = Instances(again)
                assert instances.sql(ROWS) == "row.1", "what was written after the moment is there, or what was before is not"
                version = machine.server(instances.sql("SELECT version()"))
    return Section(section(rows, gigabytes, backup, seconds), f"{version}, CloudNativePG and its Barman Cloud plugin")


def _values(store: S3, name: str) -> dict[str, Any]:
    at_once = {"configuration": {"data": {"immediateCheckpoint": True}}}
    archive = store.archive | {"name": name, "spec": at_once}
    return merged(servers.VALUES, {"cloudnativepg": {"instances": 1, "archive": archive}})


def _archived(release: Release, store: S3, rows: int) -> tuple[float, str, float]:
    """GB of the database, the moment between two rows, and the seconds that a base backup took."""
    release.install(_values(store, ORIGIN))
    instances = Instances(release)
    instances.wait_healthy(servers.LONGEST)
    wait_base_backup(instances, servers.LONGEST)  # the filled database's would wait for it
    gigabytes = filling.fill(release, rows)
    backup = turns.seconds(_back_up, release)
    between = moment(instances)
    release.cluster.kubectl("delete", f"cluster/{NAME}")  # it would have its share of the machine
    return gigabytes, between, backup


def _back_up(release: Release) -> None:
    release.cluster.kubectl("apply", "--filename=-", stdin=BACKUP)
    done = "--for=jsonpath={.status.phase}=completed"
    release.cluster.kubectl("wait", "backups.postgresql.cnpg.io/filled", done, "--timeout=1800s", timeout=1900)


def _recover(release: Release, values: dict[str, Any]) -> None:
    release.install(values, timeout="590s")
    Instances(release).wait_healthy(servers.LONGEST)


def section(rows: int, gigabytes: float, backup: float, seconds: list[float]) -> str:
    """The part's text."""
    worst = figure(seconds).most / 60
    by_size = text(figure([each / gigabytes for each in seconds]), 0)
    return "\n\n".join([
        f"**A recovered database** is there in {worst:.1f} minutes at worst (aim: 10): helm install --wait into a new\n"
        "namespace, to a created schema with the new release's passwords.",
        f"{rows:,} rows in each history table, {gigabytes:.2f} GB with their indexes, one server, a store of S3's kind on\n"
        f"the same machine. The base backup took {backup:.0f} s (once).",
        markdown(["", "n", "s", "s a GB"], [["recovery to a moment", str(len(seconds)), text(figure(seconds), 1), by_size]]),
    ])  # fmt: skip
