"""What PgBouncer has to do; a release without the pooler has nothing here."""

from harness.dashboard.alerting import above
from harness.dashboard.panels import Panel, Shown, lines
from harness.dashboard.selecting import pooled


def panels() -> list[Panel]:
    """Who waits, for how long, and on how many connections the others work."""

    def in_all(what: str) -> str:
        return f"sum({pooled(f'cnpg_pgbouncer_pools_{what}')})"

    longest = f"{pooled('cnpg_pgbouncer_pools_maxwait')} + {pooled('cnpg_pgbouncer_pools_maxwait_us')} / 1e6"
    return [
        lines(
            Shown(
                "Clients of the pooler",
                "Those that a connection to the server serves, or none needs to, and those that wait for one.",
                {"linked or idle": in_all("cl_active"), "waiting": in_all("cl_waiting")},
            ),
        ),
        lines(
            Shown(
                "Longest wait for a connection (대기)",
                "How long the client has waited that has waited longest.",
                {"{{user}}": f"max by (user) ({longest})"},
                "s",
            ),
            above("BilldbPoolerWaiting"),
        ),
        lines(
            Shown(
                "The pooler's connections",
                "Connections to the server: at work for a client, and open for the next one.",
                {"at work": in_all("sv_active"), "open": f"{in_all('sv_idle')} + {in_all('sv_used')}"},
            ),
            stacked=True,
        ),
    ]
