"""What happens to what servers of CloudNativePG store on: the archive's store goes away, a disk is full; each ends by itself.

The disks are those of harness.on_cluster.limited, which can be filled; the store is the one that the servers archive to.
"""

import random
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness import commands
from harness.kubernetes import CommandError
from harness.local.node import first
from harness.on_cluster import limited
from harness.on_cluster.instance_faults import Fault
from harness.on_cluster.instances import Instances
from harness.on_cluster.stores import Program
from harness.waiting import wait_for

NO_ROOM = "Not enough disk space"  # the operator's word for it
# More segments at once than max_wal_size lets a server keep to use again, so that it wants room for a new one; and once the ones
# before are archived: what waits for that stays on the primary's disk.
MORE_SEGMENTS = """
SELECT count(pg_logical_emit_message(true, 'billdb', 'filling')), count(pg_switch_wal())
FROM generate_series(1, 2 * pg_size_bytes(current_setting('max_wal_size')) / pg_size_bytes(current_setting('wal_segment_size')))
WHERE NOT EXISTS (SELECT FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready')
"""
STREAMS = "SELECT count(*) FROM pg_stat_replication WHERE application_name = '{}' AND state = 'streaming'"
FAILED = "SELECT failed_count FROM pg_stat_archiver"
GOES_ON = "SELECT last_archived_time > last_failed_time FROM pg_stat_archiver"


def of(store: Program) -> Mapping[str, Fault]:
    """The faults by their names."""

    def store_away(instances: Instances, _: random.Random) -> None:
        """The store of the archive is not there until a segment could not be archived; then what waited is archived."""
        before = int(instances.sql(FAILED))
        store.stop()
        try:
            instances.sql("SELECT pg_switch_wal()")
            wait_for(lambda: int(instances.sql(FAILED)) > before, "the archive to fail", 600, instances.told)
        finally:
            store.start()
        wait_for(lambda: instances.sql(GOES_ON) == "t", "the archive to go on", 600, instances.told)

    return {each.__name__: each for each in (store_away, replica_disk_full, primary_disk_full)}


def replica_disk_full(instances: Instances, chance: random.Random) -> None:
    """The disk of a replica is full until it takes no more from the primary."""
    _fill(instances, chance.choice(instances.replicas()))


def primary_disk_full(instances: Instances, _: random.Random) -> None:
    """The disk of the primary is full until its server has stopped for want of room."""
    _fill(instances, instances.primary())


def _fill(instances: Instances, pod: str) -> None:
    """Leave no room on the volume of this pod until its server suffers by it; then do as the runbook says."""
    cluster = instances.release.cluster
    file = limited.place(cluster, pod) / "filling"
    try:
        wait_for(lambda: _suffers(instances, pod, file), f"{pod} to have no room", 600, instances.told, every=1)
    finally:
        commands.run(first().command("rm", "--force", str(file)))
    if instances.status().get("phase") == NO_ROOM:
        cluster.kubectl("delete", f"pod/{pod}", "--wait=false")  # the kubelet's next try may be minutes away


def _suffers(instances: Instances, pod: str, file: Path) -> bool:
    """Whether the server has stopped for want of room, or does not stream; until then what is free is taken, and WAL wanted."""
    if instances.status().get("phase") == NO_ROOM:
        return True
    with suppress(CommandError):  # the primary stops just now
        if pod != instances.primary() and instances.sql(STREAMS.format(pod)) == "0":
            return True
        fill = ("dd", "if=/dev/zero", f"of={file}", "bs=1M", "oflag=append", "conv=notrunc")
        subprocess.run(first().command(*fill), capture_output=True)  # it ends when the last block is taken
        instances.sql(MORE_SEGMENTS)
    return False
