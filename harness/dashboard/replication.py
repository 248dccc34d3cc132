"""How CloudNativePG's instances copy from one another; a StatefulSet has one server, and nothing here."""

from harness.dashboard.alerting import above
from harness.dashboard.panels import CRITICAL, GOOD, WARNING, Panel, Shown, lines, number
from harness.dashboard.selecting import ours


def panels() -> list[Panel]:
    """Who is there, how far each is, and whether the WAL is archived."""
    waiting = ours("cnpg_collector_pg_wal_archive_status", value="ready")
    standby = ours("cnpg_pg_replication_in_recovery")
    stored, replayed = (ours(f"cnpg_pg_stat_replication_{what}_diff_bytes") for what in ("flush", "replay"))
    return [
        number(
            Shown(
                "Instances",
                "Servers that answer, and those of them that copy from the primary.",
                {
                    "answer": f"sum({ours('cnpg_collector_up')})",
                    "copy": f"sum({ours('cnpg_pg_replication_is_wal_receiver_up')})",
                },
            ),
            {None: CRITICAL, 1: GOOD},
            height=8,
        ),
        lines(
            Shown(
                "Role",
                "0 for the primary, 1 for a standby: a failover crosses the lines.",
                {"{{pod}}": f"max by (pod) ({standby})"},
            ),
            highest=1,
        ),
        number(
            Shown(
                "Fenced",
                "Instances whose server somebody stopped.",
                {"fenced": f"sum({ours('cnpg_collector_fencing_on')})"},
            ),
            {None: GOOD, 1: WARNING},
            height=8,
        ),
        lines(
            Shown(
                "Replication lag (복제 지연)",
                "How far a standby is behind with what it replays; its reads are as old.",
                {"{{pod}}": f"max by (pod) ({ours('cnpg_pg_replication_lag')})"},
                "s",
            ),
            above("BilldbReplicationLag"),
        ),
        lines(
            Shown(
                "Not yet on a standby",
                "WAL of the primary that a standby has not stored, and that it has not replayed.",
                {
                    "{{application_name}} stored": f"max by (application_name) ({stored})",
                    "{{application_name}} replayed": f"max by (application_name) ({replayed})",
                },
                "bytes",
            ),
        ),
        lines(
            Shown(
                "WAL that waits for the archive",
                "Segments of the primary that are not archived yet; without an archive they are not kept for one.",
                {"{{pod}}": f"max by (pod) ({waiting} and on (namespace, pod) {standby} == 0)"},
            ),
        ),
    ]
