"""A start after a crash with 2 GB of WAL since the last checkpoint: the chart's two steps, beside PostgreSQL's own start."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness import paths
from harness.database.volumes import MOUNT, PREPARE, Pod, pod
from harness.local import docker
from harness.progress import step

WAL = 2 * 1024**3  # bytes
LARGE = "-c max_wal_size=16GB -c checkpoint_timeout=1d"
WRITE = """
CREATE TABLE crashed AS SELECT n, n AS value, repeat('x', 200) AS filler FROM generate_series(1, 2000000) AS n;
ALTER TABLE crashed ADD PRIMARY KEY (n);
CHECKPOINT;
"""
CHANGE = "UPDATE crashed SET value = value + 1 WHERE n % 20 = {turn}"
PLAIN, OURS = "postgres alone", "the chart: prepare-volume, then the server"
RECOVERY = "of it prepare-volume, which recovers"


def measure(runs: int, _: bool) -> Iterator[tuple[str, dict[str, list[float]], str | None]]:
    """One table: seconds until the server answers."""
    rows: dict[str, list[float]] = {PLAIN: [], OURS: [], RECOVERY: []}
    with docker.engine(["14"]) as address, tempfile.TemporaryDirectory(dir=paths.LOCAL) as folder:
        os.environ |= {"DOCKER_HOST": address, "TESTCONTAINERS_RYUK_DISABLED": "true"}
        with pod("14", Path(folder)) as server:
            with step("write 2 GB of WAL, and kill the server"):
                _crash(server)
            for _run in range(runs):
                server.check(f"rm -rf $PGDATA && cp -a {MOUNT}/crashed $PGDATA && sync")
                rows[PLAIN].append(_seconds(server))
                recovered_once(server, 1)
                server.stop()
                server.check(f"rm -rf $PGDATA && cp -a {MOUNT}/crashed $PGDATA && sync")
                begun = time.perf_counter()
                log = server.check(PREPARE)
                rows[RECOVERY].append(time.perf_counter() - begun)
                rows[OURS].append(rows[RECOVERY][-1] + _seconds(server))
                assert log.count("redo done") == 1, log
                recovered_once(server, 0)
                server.stop()
    yield "A start after a crash, with 2 GB of WAL to recover", rows, PLAIN


def recovered_once(server: Pod, times: int) -> None:
    """Whether the server's log has this many recoveries."""
    log = server.check("cat /tmp/log")
    assert log.count("redo done") == times, log


def _crash(server: Pod) -> None:
    server.check(PREPARE)
    server.serve(LARGE)
    server.sql(WRITE)
    begun = server.sql("SELECT pg_current_wal_lsn()")
    turn = 0
    while int(server.sql(f"SELECT pg_current_wal_lsn() - '{begun}'")) < WAL:
        server.sql(CHANGE.format(turn=turn % 20))
        turn += 1
    server.check("kill -9 $(head -n 1 $PGDATA/postmaster.pid)")
    server.check(f"flock {MOUNT}/.billdb-lock mv $PGDATA {MOUNT}/crashed && sync")  # once its last process has ended


def _seconds(server: Pod) -> float:
    begun = time.perf_counter()
    server.serve()
    return time.perf_counter() - begun
