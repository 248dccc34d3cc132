"""The five thresholds of the install plan (section 8.1) in one line; an alert stands behind each."""

from harness.dashboard.alerting import above
from harness.dashboard.panels import CRITICAL, GOOD, Panel, Shown, number
from harness.dashboard.selecting import INTERVAL, claims, once, ours, pods

# Each as the alert behind it has it: chart/monitoring/alerts.
CPU = f"""max(
  100 * sum by (pod) (rate({pods("container_cpu_usage_seconds_total")}{INTERVAL}))
  / sum by (pod) ({pods("kube_pod_container_resource_limits", resource="cpu")})
)"""
MEMORY = f"""max(
  100 * sum by (pod) (
    {pods("container_memory_working_set_bytes")} - {pods("container_memory_total_active_file_bytes")}
    or {pods("container_memory_rss")} + {pods("container_memory_mapped_file")}
  )
  / sum by (pod) ({pods("kube_pod_container_resource_limits", resource="memory")})
)"""
FREE, USED = claims("kubelet_volume_stats_available_bytes"), claims("kubelet_volume_stats_used_bytes")
DISK = f"max(100 * {USED}\n/ ({USED} + {FREE}))"
CONNECTIONS = f"100 * {once(ours('billdb_connections'))}\n/ max({ours('billdb_connection_limit_connections')})"


def mean(by: str = "", **labels: str) -> str:
    """Milliseconds that a statement took on average, of those that ended meanwhile."""
    seconds, calls = (f"delta({ours(f'billdb_statements_{what}_total', **labels)}{INTERVAL})" for what in ("seconds", "calls"))
    each, instances = (f"by ({by}) ", f"by ({by}, instance) ") if by else ("", "by (instance) ")
    return f"""1000 * max {each}(
  clamp_min(sum {instances}({seconds}), 0)
  / (sum {instances}({calls}) > 0)
)"""


def panels() -> list[Panel]:
    """From left to right."""
    return [
        number(
            Shown(
                "Server (서버)",
                "Whether the exporter reaches PostgreSQL. No metrics: the exporter is not scraped.",
                {"server": f"max({ours('pg_up')})"},
                width=4,
            ),
            {None: CRITICAL, 1: GOOD},
            nothing="no metrics",
            words={"0": "down", "1": "up"},
        ),
        number(
            Shown("CPU (CPU 사용률)", "Of the container's limit. Plan: under 80 %.", {"CPU": CPU}, "percent", 4),
            above("BilldbCPU"),
        ),
        number(
            Shown(
                "Memory (Memory 사용률)",
                "Of the container's limit, without what is only cached: at 100 % a process is killed. Plan: under 85 %.",
                {"memory": MEMORY},
                "percent",
                4,
            ),
            above("BilldbMemory"),
        ),
        number(
            Shown(
                "Disk (Disk 사용률)",
                "Of the data's volume, the claim chosen above, as df counts. Plan: under 80 %.",
                {"disk": DISK},
                "percent",
                4,
            ),
            above("BilldbDisk", "BilldbDiskNearlyFull"),
        ),
        number(
            Shown(
                "Connections (Connection 수)",
                "Of max_connections: with 100, as in the plan, the number of clients. Plan: under 80.",
                {"connections": CONNECTIONS},
                "percent",
                4,
            ),
            above("BilldbConnectionsHigh", "BilldbConnectionsNearlyExhausted"),
        ),
        number(
            Shown(
                "Mean response (평균 응답시간)",
                "What a statement of bill_inquiry_user took on average, in the server. Plan: under 100 ms.",
                {"mean": mean(role="bill_inquiry_user")},
                "ms",
                4,
            ),
            above("BilldbResponseTime"),
            decimals=2,
        ),
    ]
