"""What the server does for its clients."""

from harness.dashboard import plan
from harness.dashboard.alerting import above
from harness.dashboard.panels import Panel, Shown, lines
from harness.dashboard.selecting import INTERVAL, once, ours, per_second


def panels() -> list[Panel]:
    """Statements, transactions, and what makes them wait."""
    return [
        lines(
            Shown(
                "Mean response by role",
                "What a statement took on average. A backup's statements take minutes: look at bill_inquiry_user.",
                {"{{role}}": plan.mean("role")},
                "ms",
            ),
            above("BilldbResponseTime"),
        ),
        lines(
            Shown(
                "Statements by role",
                "Statements that ended, each second.",
                {"{{role}}": once(per_second(ours("billdb_statements_calls_total")), "role")},
                "ops",
            ),
        ),
        lines(
            Shown(
                "Connections by application",
                "Of the twenty with the most; the rest are 'other'.",
                {"{{application}}": once(ours("billdb_connections"), "application")},
            ),
            stacked=True,
        ),
        lines(
            Shown(
                "Longest transaction",
                "A transaction that stays open keeps locks, and keeps vacuum from removing what others delete.",
                {"{{state}}": f"max by (state) ({ours('billdb_transaction_longest_seconds')})"},
                "s",
            ),
        ),
        lines(
            Shown(
                "Locks waited for, deadlocks",
                "Sessions that wait for another's lock at the moment; transactions that were ended by the deadlock detector.",
                {
                    "waiting": f"max({ours('billdb_locks_waiting')})",
                    "deadlocks": once(f"increase({ours('pg_stat_database_deadlocks')}{INTERVAL})"),
                },
            ),
        ),
        lines(
            Shown(
                "Temporary files",
                "Written by sorts and joins that do not fit work_mem.",
                {"written": once(f"rate({ours('pg_stat_database_temp_bytes')}{INTERVAL})")},
                "Bps",
            ),
        ),
    ]
