"""Whether what is lost can be had again, and until when clients trust the server."""

from harness.dashboard.alerting import above, below
from harness.dashboard.panels import Panel, Shown, Steps, lines, number, results
from harness.dashboard.selecting import ours

HOUR, DAY = 3600, 86400


def panels() -> list[Panel]:
    """Ages in a line, then sizes and durations."""
    read, added = (ours(f"billdb_run_{what}", kind="backup") for what in ("bytes", "added_bytes"))
    # A kind that never ran has no values: NaN, which >= 0 leaves out.
    duration, succeeded = ours("billdb_run_duration_seconds"), ours("billdb_run_succeeded")
    return [
        _age(
            "backup",
            "Last good backup (백업)",
            "How old it is: what was written since is lost with the volume.",
            above("BilldbBackupOverdue", times=HOUR),
        ),
        _age(
            "check",
            "Last good check",
            "The repository's data were read, and nothing was damaged.",
            above("BilldbCheckOverdue", times=DAY),
        ),
        _age(
            "drill",
            "Last good drill (복구 테스트)",
            "A backup was restored into a server of its own, and compared.",
            above("BilldbDrillOverdue", times=DAY),
        ),
        _age(
            "snapshot",
            "Last good snapshot (스냅샷)",
            "Only where snapshots.class is set.",
            above("BilldbSnapshotOverdue", times=HOUR),
        ),
        number(
            Shown(
                "Days until certificates end",
                "schema: the schema Job's own, with which it logs in.",
                {"{{certificate}}": f"(min by (certificate) ({ours('billdb_certificate_end_seconds')}) - time()) / {DAY}"},
                "none",
            ),
            below("BilldbCertificateEnds"),
        ),
        lines(
            Shown(
                "Size of backups",
                "What the last backup read, and what it added to the repository.",
                {
                    "read": f"max({read})",
                    "added": f"max({added})",
                },
                "bytes",
            ),
        ),
        lines(
            Shown(
                "Duration",
                "Of the last run of each kind.",
                {"{{kind}}": f"max by (kind) ({duration} >= 0)"},
                "s",
            ),
        ),
        results(
            Shown("Results", "How the last run of each kind ended.", {"{{kind}}": f"min by (kind) ({succeeded} >= 0)"}),
        ),
    ]


def _age(kind: str, title: str, description: str, steps: Steps) -> Panel:
    good = ours("billdb_run_succeeded_seconds", kind=kind)
    return number(Shown(title, description, {"age": f"time() - (max({good}) > 0)"}, "s", 4), steps, decimals=1, nothing="never")
