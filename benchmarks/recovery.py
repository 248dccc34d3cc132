"""A start after a crash with half a GiB of WAL since the last checkpoint: the chart's two steps, beside PostgreSQL's own."""

import os
import tempfile
from pathlib import Path

from benchmarks import machine, tables, turns
from benchmarks.results import Section
from harness import paths
from harness.database.volumes import MOUNT, PREPARE, Pod, pod
from harness.local import docker
from harness.progress import step

WAL = 512 * 1024**2  # bytes
LARGE = "-c max_wal_size=16GB -c checkpoint_timeout=1d"
WRITE = """
CREATE TABLE crashed AS SELECT n, n AS value, repeat('x', 200) AS filler FROM generate_series(1, 2000000) AS n;
ALTER TABLE crashed ADD PRIMARY KEY (n);
CHECKPOINT;
"""
CHANGE = "UPDATE crashed SET value = value + 1 WHERE n % 20 = {turn}"
PLAIN, OURS = "postgres alone", "the chart: prepare-volume, then the server"
RECOVERY = "of it prepare-volume, which recovers"


def measure(number: int) -> Section:
    """One table: seconds until the server answers."""
    rows: dict[str, list[float]] = {PLAIN: [], OURS: [], RECOVERY: []}
    with docker.engine(["14"]) as address, tempfile.TemporaryDirectory(dir=paths.LOCAL) as folder:
        os.environ |= {"DOCKER_HOST": address, "TESTCONTAINERS_RYUK_DISABLED": "true"}
        with pod("14", Path(folder)) as server:
            with step(f"write {WAL >> 20} MiB of WAL, and kill the server"):
                image = _crash(server)
            for turn in range(-1, number):  # the first one is to warm up
                for start in turns.order((_plain, _ours), turn):
                    server.check(f"rm -rf $PGDATA && cp -a {MOUNT}/crashed $PGDATA && sync")
                    took = start(server)
                    server.stop()
                    for name, seconds in took.items() if turn >= 0 else ():
                        rows[name].append(seconds)
    return Section(tables.of_seconds(f"A start after a crash, with {WAL >> 20} MiB of WAL to recover", rows, PLAIN), image)


def _plain(server: Pod) -> dict[str, float]:
    took = {PLAIN: turns.seconds(server.serve)}
    recovered(server.check("cat /tmp/log"), 1)
    return took


def _ours(server: Pod) -> dict[str, float]:
    log: list[str] = []
    prepared = turns.seconds(lambda: log.append(server.check(PREPARE)))
    served = turns.seconds(server.serve)
    recovered(log[0], 1)
    recovered(server.check("cat /tmp/log"), 0)
    return {OURS: prepared + served, RECOVERY: prepared}


def recovered(log: str, times: int) -> None:
    """Hold a log to this many recoveries."""
    assert log.count("redo done") == times, log


def _crash(server: Pod) -> str:
    server.check(PREPARE)
    server.serve(LARGE)
    image = machine.server(server.sql("SELECT version()"))
    server.sql(WRITE)
    begun = server.sql("SELECT pg_current_wal_lsn()")
    turn = 0
    while int(server.sql(f"SELECT pg_current_wal_lsn() - '{begun}'")) < WAL:
        server.sql(CHANGE.format(turn=turn % 20))
        turn += 1
    server.check("kill -9 $(head -n 1 $PGDATA/postmaster.pid)")
    server.check(f"flock {MOUNT}/.billdb-lock mv $PGDATA {MOUNT}/crashed && sync")  # once its last process has ended
    return image
