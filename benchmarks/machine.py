"""What a figure was measured on: the machine, the server and the image."""

import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.results import Section


def footer(section: Section) -> str:
    """One line: what it was measured with, the machine, and the day."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    cpu = next((line.partition(": ")[2] for line in cpuinfo.splitlines() if "model name" in line), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    cores = cpuinfo.count("processor\t")
    machine = f"{cores} cores ({cpu}), {memory:.0f} GiB, Linux {platform.release()}"
    return f"Measured with {section.measured_with}, on {machine}, {datetime.now(UTC):%Y-%m-%d}."


def server(version: str) -> str:
    """The server and its image, by what `SELECT version()` says: the official image's is a package of its distribution."""
    official = "(Debian " in version or "Alpine" in version
    return f"{version.partition(' on ')[0]} ({'the official image' if official else 'the stand-in for the official image'})"
