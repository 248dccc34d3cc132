"""How KOS, the carrier's billing system, answers."""

from harness.dashboard.panels import Panel, Shown, lines
from harness.dashboard.selecting import once, ours


def panels() -> list[Panel]:
    """Calls, those without an answer, and those that were made again."""
    unanswered = once(ours("billdb_kos_calls", result_code=""))
    calls = once(ours("billdb_kos_calls"))
    by_code = once(ours("billdb_kos_calls"), "result_code")
    return [
        lines(
            Shown(
                "KOS calls by result code (결과 코드별)",
                "Those of the last five minutes at each moment.",
                {"{{result_code}}": f'label_replace({by_code}, "result_code", "no answer", "result_code", "")'},
            ),
            stacked=True,
        ),
        lines(
            Shown(
                "KOS calls without an answer",
                "Part of the last five minutes' calls: timeouts, an open circuit breaker, and those under way.",
                {"without an answer": f"100 * ({unanswered} or 0 * {calls})\n/ ({calls} > 0)"},
                "percent",
            ),
            highest=100,
        ),
        lines(
            Shown(
                "KOS retries",
                "How often the last five minutes' calls were tried again.",
                {"retries": once(ours("billdb_kos_retries"))},
            ),
        ),
    ]
