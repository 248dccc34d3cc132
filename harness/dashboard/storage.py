"""What lies on the disk, and what grows there."""

from harness.dashboard import plan
from harness.dashboard.alerting import above
from harness.dashboard.panels import GOOD, WARNING, Panel, Shown, lines, name, number
from harness.dashboard.selecting import once, or_zero, ours


def panels() -> list[Panel]:
    """Space, what wastes it, and what must not run out."""
    slots = ours("billdb_slot_retained_bytes")
    dead, live = (once(ours(f"pg_stat_user_tables_n_{what}_tup"), "relname") for what in ("dead", "live"))
    return [
        lines(
            Shown(
                "Disk space",
                "Used of the data's volume, and what is used in 24 hours if it goes on as in the last six.",
                {
                    "used": f"max({plan.USED})",
                    "in 24 hours": f"clamp_min(max(predict_linear({plan.USED}[6h], 24 * 3600)), 0)",
                    "capacity": f"max({plan.USED} + {plan.FREE})",
                },
                "bytes",
            ),
        ),
        lines(
            Shown("Databases", "Size of each.", {"{{datname}}": f"max by (datname) ({ours('pg_database_size_bytes')})"}, "bytes"),
        ),
        lines(
            Shown(
                "Largest tables and indexes",
                "The ten that take the most; a table with its TOAST.",
                {"{{relation}}": f"topk(10, {once(ours('billdb_relation_bytes'), 'relation')})"},
                "bytes",
            ),
        ),
        lines(
            Shown(
                "Dead rows",
                "Part of a table's rows that are deleted or replaced and not yet vacuumed. Small tables jump.",
                {"{{relname}}": f"100 * {dead}\n/ ({dead} + {live} > 0)"},
                "percent",
            ),
            highest=100,
        ),
        lines(
            Shown(
                "Expired cache rows",
                "Rows of the second-level cache that are no longer valid, estimated; the hourly Job deletes them.",
                {"rows": f"max({ours('billdb_cache_expired_rows')})"},
            ),
        ),
        lines(
            Shown(
                "WAL and replication slots",
                "Write-ahead log on the disk, and what a slot keeps of it: an unused slot keeps all until the disk is full.",
                {
                    "WAL": f"max({ours('billdb_wal_bytes')})",
                    "slot {{slot}}": f"max by (slot) ({slots})",
                },
                "bytes",
            ),
        ),
        lines(
            Shown(
                "Wraparound",
                "Age of the oldest row version, of the 2^31 that PostgreSQL can tell apart. Autovacuum starts at 9 %.",
                {
                    "transactions": f"100 * max({ours('billdb_wraparound_xids')}) / 2 ^ 31",
                    "multixacts": f"100 * max({ours('billdb_wraparound_multixacts')}) / 2 ^ 31",
                },
                "percent",
            ),
            above("BilldbWraparound"),
            highest=100,
        ),
        number(
            Shown(
                "To be looked at",
                "Pages with a wrong checksum in the time that is shown, invalid indexes, settings that wait for a restart.",
                {
                    "checksum failures": once(f"increase({ours('billdb_checksum_failures_total')}[$__range])"),
                    "invalid indexes": or_zero(once(ours("billdb_index_invalid"))),
                    "pending restart": f"max({ours('billdb_settings_pending_restart')})",
                },
            ),
            {None: GOOD, 1: WARNING},
            height=8,
        ),
        name(
            Shown(
                "Schema",
                "The newest migration in the database, and the chart whose hook brought it.",
                {"{{migration}} ({{chart_version}})": f"max by (migration, chart_version) ({ours('billdb_schema_info')})"},
                "none",
            ),
        ),
    ]
