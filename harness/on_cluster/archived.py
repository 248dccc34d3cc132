"""What a Cluster has in its archive: base backups, WAL up to a segment, and rows by which a recovery to a moment is told."""

from harness.on_cluster.instances import Instances
from harness.on_cluster.release import Release
from harness.waiting import wait_for

ROW = "INSERT INTO system_config (config_key, config_value, config_type) VALUES ('row.{}', '1', 'STRING')"
ROWS = "SELECT string_agg(config_key, ' ' ORDER BY config_key) FROM system_config WHERE config_key LIKE 'row.%'"
NOW = """SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
SWITCH = "SELECT pg_walfile_name(pg_switch_wal())"


def base_backups(release: Release) -> list[str]:
    """The phase of each Backup of the namespace."""
    return [str(backup.get("status", {}).get("phase")) for backup in release.cluster.get("backups.postgresql.cnpg.io")["items"]]


def wait_base_backup(instances: Instances, seconds: float = 600) -> None:
    """Wait until the first one is there, which is made of every new archive."""
    release = instances.release
    wait_for(lambda: base_backups(release) == ["completed"], "the first base backup", seconds, instances.told, every=1)


def wait_archived(instances: Instances, segment: str, seconds: float = 600) -> None:
    """Wait until all WAL up to this segment is there."""
    archived = f"SELECT last_archived_wal >= '{segment}' FROM pg_stat_archiver"
    wait_for(lambda: instances.sql(archived) == "t", f"{segment} to be archived", seconds, instances.told)


def moment(instances: Instances, first: int = 1) -> str:
    """Write two rows, numbered from `first`, and wait until both are in the archive; the moment between them, RFC 3339 in UTC."""
    instances.sql(ROW.format(first))
    between = instances.sql(NOW)
    instances.sql(ROW.format(first + 1))
    wait_archived(instances, instances.sql(SWITCH))
    return between
