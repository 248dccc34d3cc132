"""Runs a script over 20 connections, as the service's pool has, and gives the time of each execution."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.schema import server
from harness.local.machine import MachineError

CONNECTIONS = 20


@dataclass(frozen=True)
class Execution:
    """When it began and ended, in seconds since 1970, and its milliseconds; with a rate, from when it should have begun."""

    began: float
    ended: float
    milliseconds: float


@dataclass(frozen=True)
class Times:
    """All executions of one run."""

    executions: Sequence[Execution]

    @property
    def milliseconds(self) -> list[float]:
        """Each execution's."""
        return [execution.milliseconds for execution in self.executions]

    @property
    def p50(self) -> float:
        """The median of the milliseconds."""
        return median(self.milliseconds)

    @property
    def rate(self) -> float:
        """Executions a second, from the first one's begin to the last one's end."""
        ends, begins = (e.ended for e in self.executions), (e.began for e in self.executions)
        return len(self.executions) / (max(ends) - min(begins))

    def within(self, begun: float, ended: float) -> "Times":
        """Those that overlap with this time."""
        return Times([e for e in self.executions if e.ended > begun and e.began < ended])


def run(database: str, script: str, constants: Mapping[str, str], *, seconds: int = 0, each: int = 0, rate: int = 0) -> Times:
    """Execute the script over 20 connections, prepared, for `seconds` (each to its end) or `each` times a connection.

    With a `rate`, that many begin a second, and a time counts from when it should have begun.
    """
    with tempfile.TemporaryDirectory(dir=server.FOLDER) as folder:
        file = Path(folder) / "script.sql"
        file.write_text(script)
        command = server.client(
            "pgbench", "--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}", "--jobs=2", "--random-seed=14",
            "--log", f"--log-prefix={folder}/log", f"--file={file}",
            *(f"--define={name}={value}" for name, value in constants.items()),
            *([f"--rate={rate}"] if rate else ()), f"--transactions={each}" if each else f"--time={seconds}", database,
        )  # fmt: skip
        done = subprocess.run(command, env=server.environment(), capture_output=True, text=True)
        if done.returncode:
            raise MachineError(f"pgbench in {database}:\n{script}\n{done.stderr}")
        return logged("".join(log.read_text() for log in Path(folder).glob("log.*")))


def logged(log: str) -> Times:
    """What pgbench's log of each transaction tells."""
    lines = (line.split() for line in log.splitlines())
    return Times([_execution(int(line[2]), int(line[4]) + int(line[5]) / 1e6) for line in lines])


def _execution(microseconds: int, ended: float) -> Execution:
    return Execution(ended - microseconds / 1e6, ended, microseconds / 1000)
