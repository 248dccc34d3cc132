"""What customers asked for."""

from harness.dashboard.alerting import above
from harness.dashboard.panels import Panel, Shown, lines
from harness.dashboard.selecting import once, ours


def panels() -> list[Panel]:
    """Inquiries, those that the cache answered, and those that nobody has answered yet."""
    recent, hits = once(ours("billdb_inquiries_recent")), once(ours("billdb_inquiries_cache_hits"))
    return [
        lines(
            Shown(
                "Inquiries by status (요금조회 상태별)",
                "Those of the last five minutes at each moment.",
                {"{{status}}": once(ours("billdb_inquiries_recent"), "status")},
                width=6,
            ),
            stacked=True,
        ),
        lines(
            Shown(
                "Cache hits (캐시 적중률)",
                "Part of the last five minutes' inquiries that a cache answered; the others asked KOS.",
                {"hits": f"100 * {hits}\n/ ({recent} > 0)"},
                "percent",
                6,
            ),
            highest=100,
        ),
        lines(
            Shown(
                "Inquiries in PROCESSING",
                "Neither answered nor given up. What only grows is work that the service has forgotten.",
                {"inquiries": f"max({ours('billdb_processing_inquiries')})"},
                width=6,
            ),
        ),
        lines(
            Shown(
                "Oldest inquiry in PROCESSING",
                "How long it has been there.",
                {"age": f"max({ours('billdb_processing_oldest_seconds')})"},
                "s",
                6,
            ),
            above("BilldbProcessingStuck"),
        ),
    ]
