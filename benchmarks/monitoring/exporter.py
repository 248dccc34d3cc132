"""postgres_exporter on this machine, as the chart runs it and as it runs by itself, and what a scrape takes."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.schema import server
from benchmarks.schema.databases import CHART
from harness import paths
from harness.chart import render
from harness.local import programs
from harness.local.machine import MachineError
from harness.waiting import wait_for

OURS, DEFAULTS = "the chart's", "its own defaults, none of the chart's queries"
ROLE, NAME, PORT = "bill_monitoring_user", "postgresql-bill-inquiry-metrics", 19187
EVERY = 15  # seconds between two scrapes
QUERIES = server.FOLDER / "queries.yaml"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """Of one scrape: milliseconds by the clock, those of a processor in server and exporter, and the exporter's bytes."""

    milliseconds: float
    server: float
    exporter: float
    resident: float


class Exporter:
    """A running exporter."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Take the process."""
        self._process = process

    def scrape(self) -> str:
        """What Prometheus would be answered. Raises OSError where nothing answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=60) as answer:
            return str(answer.read().decode())

    def cost(self) -> Cost:
        """Scrape once, with what is cached for EVERY seconds or less asked anew, and give what it took."""
        time.sleep(EVERY)  # the caches' seconds are what is measured
        before = server_ticks(), _ticks(self._process.pid)
        begun = time.perf_counter()
        self.scrape()
        took = time.perf_counter() - begun
        after = server_ticks(), _ticks(self._process.pid)
        resident = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * PAGE
        in_server, in_exporter = (1000 * (end - begin) / TICKS for begin, end in zip(before, after, strict=True))
        return Cost(1000 * took, in_server, in_exporter, resident)


@contextmanager
def running(way: str) -> Iterator[Exporter]:
    """The exporter on the chart's database; it ends with the block."""
    programs.install(["postgres_exporter"])
    manifests = render({"tls": {"mode": "disabled"}, "metrics": {"enabled": True, "port": PORT}})
    QUERIES.write_text(manifests["ConfigMap", f"{NAME}-queries"]["data"]["queries.yaml"])
    [container] = manifests["Deployment", NAME]["spec"]["template"]["spec"]["containers"]
    options = [word.replace("/etc/billdb/queries.yaml", str(QUERIES)) for word in container["command"][1:]]
    command = options if way == OURS else [f"--web.listen-address=:{PORT}"]
    source = f"postgresql:///{CHART}?host={server.SOCKET}&user={ROLE}&sslmode=disable"
    source += "&search_path=pg_catalog" if way == OURS else ""
    process = subprocess.Popen(
        [str(paths.BIN / "postgres_exporter"), *command],
        env=os.environ | {"DATA_SOURCE_NAME": source},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    exporter = Exporter(process)
    try:
        wait_for(lambda: _up(exporter, process), "the exporter to answer for the server")
        yield exporter
    finally:
        process.terminate()
        process.wait()


def server_ticks() -> int:
    """What every process of the server, those that ended too, has had of a processor."""
    postmaster = int((server.DATA / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return _ticks(postmaster, ended=True) + sum(_ticks(int(child)) for child in children)


def _ticks(pid: int, *, ended: bool = False) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return sum(map(int, fields[11:15] if ended else fields[11:13]))


def _up(exporter: Exporter, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise MachineError(f"the exporter ended with {process.returncode}")
    try:
        return "\npg_up 1\n" in exporter.scrape()
    except OSError:
        return False
