"""Runs a script over 20 connections, as the service's pool has, and gives the time of each execution."""

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.schema import server
from harness.local.machine import MachineError

CONNECTIONS = 20


@dataclass(frozen=True)
class Times:
    """Milliseconds of each execution, sorted, and executions a second."""

    milliseconds: list[float]
    rate: float

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.milliseconds)

    @property
    def p99(self) -> float:
        """The smallest that 99 % of the executions do not exceed."""
        return self.milliseconds[-(len(self.milliseconds) // 100) - 1]


def run(database: str, script: str, constants: Mapping[str, str], *, seconds: float = 0, each: int = 0, rate: int = 0) -> Times:
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
            *([f"--rate={rate}"] if rate else ()), f"--transactions={each}" if each else f"--time={seconds:g}", database,
        )  # fmt: skip
        done = subprocess.run(command, env=server.environment(), capture_output=True, text=True)
        if done.returncode:
            raise MachineError(f"pgbench in {database}:\n{script}\n{done.stderr}")
        lines = [line.split() for log in Path(folder).glob("log.*") for line in log.read_text().splitlines()]
    micros = sorted(int(line[2]) for line in lines)
    ends = [int(line[4]) + int(line[5]) / 1e6 for line in lines]
    begun = min(end - int(line[2]) / 1e6 for end, line in zip(ends, lines, strict=True))
    return Times([m / 1000 for m in micros], len(micros) / (max(ends) - begun))
