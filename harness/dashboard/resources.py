"""What the server uses of what it may have, over time."""

from harness.dashboard import plan
from harness.dashboard.alerting import above
from harness.dashboard.panels import Panel, Shown, lines
from harness.dashboard.selecting import once, ours


def panels() -> list[Panel]:
    """Below each other with the numbers at the top."""
    reserved = f"max({ours('billdb_connection_limit_connections')}) - max({ours('billdb_connection_limit_reserved')})"
    return [
        lines(
            Shown(
                "CPU over time",
                "Of the container's limit; above it the kernel lets the server wait.",
                {"CPU": plan.CPU},
                "percent",
                6,
            ),
            above("BilldbCPU"),
            highest=100,
        ),
        lines(
            Shown(
                "Memory over time",
                "Of the container's limit, without files that are only cached.",
                {"memory": plan.MEMORY},
                "percent",
                6,
            ),
            above("BilldbMemory"),
            highest=100,
        ),
        lines(
            Shown("Disk over time", "Used of the data's volume.", {"disk": plan.DISK}, "percent", 6),
            above("BilldbDisk", "BilldbDiskNearlyFull"),
            highest=100,
        ),
        lines(
            Shown(
                "Connections by state",
                "Clients by what they do, and how many there can be beside those reserved for superusers.",
                {"{{state}}": once(ours("billdb_connections"), "state"), "limit": reserved},
                width=6,
            ),
        ),
    ]
