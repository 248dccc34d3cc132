"""Every metric that an alert or the dashboard reads comes from somewhere: a query of ours, or what is listed here."""

import json
from collections.abc import Iterator

import yaml

from harness import paths
from tests.render.alerting import rules
from tests.render.promql import metrics

QUERIES = paths.CHART / "monitoring" / "queries"
OTHERS = {
    "postgres_exporter": {
        "pg_exporter_last_scrape_error",
        "pg_up",
        "pg_database_size_bytes",
        "pg_stat_database_deadlocks",
        "pg_stat_database_temp_bytes",
        "pg_stat_user_tables_n_dead_tup",
        "pg_stat_user_tables_n_live_tup",
    },
    "the kubelet, /metrics": {
        "kubelet_volume_stats_available_bytes",
        "kubelet_volume_stats_capacity_bytes",
        "kubelet_volume_stats_used_bytes",
    },
    "the kubelet, /metrics/cadvisor": {
        "container_cpu_usage_seconds_total",
        "container_memory_mapped_file",
        "container_memory_rss",
        "container_memory_total_active_file_bytes",
        "container_memory_working_set_bytes",
    },
    "kube-state-metrics": {
        "kube_cronjob_created",
        "kube_cronjob_next_schedule_time",
        "kube_cronjob_spec_suspend",
        "kube_cronjob_status_last_schedule_time",
        "kube_cronjob_status_last_successful_time",
        "kube_job_failed",
        "kube_pod_container_resource_limits",
        "kube_pod_container_status_restarts_total",
        "kube_pod_created",
        "kube_pod_init_container_status_restarts_total",
        "kube_pod_status_ready",
        "kube_statefulset_replicas",
        "kube_statefulset_status_replicas_ready",
    },
    "CloudNativePG's instances": {
        "cnpg_collector_fencing_on",
        "cnpg_collector_pg_wal_archive_status",
        "cnpg_collector_up",
        "cnpg_pg_replication_in_recovery",
        "cnpg_pg_replication_is_wal_receiver_up",
        "cnpg_pg_replication_lag",
        "cnpg_pg_stat_archiver_last_archived_time",
        "cnpg_pg_stat_archiver_last_failed_time",
        "cnpg_pg_stat_replication_flush_diff_bytes",
        "cnpg_pg_stat_replication_replay_diff_bytes",
    },
    "PgBouncer's pods": {
        "cnpg_pgbouncer_pools_cl_active",
        "cnpg_pgbouncer_pools_cl_waiting",
        "cnpg_pgbouncer_pools_maxwait",
        "cnpg_pgbouncer_pools_maxwait_us",
        "cnpg_pgbouncer_pools_sv_active",
        "cnpg_pgbouncer_pools_sv_idle",
        "cnpg_pgbouncer_pools_sv_used",
    },
    "CloudNativePG's instances, of the Barman Cloud plugin": {
        "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
        "barman_cloud_cloudnative_pg_io_last_failed_backup_timestamp",
    },
    "Prometheus": {"ALERTS", "up"},
}


def test_every_metric_of_the_alerts_and_the_dashboard_comes_from_somewhere() -> None:
    ours, others = set(own()), {name for names in OTHERS.values() for name in names}
    read = {name: where for where, query in asked() for name in metrics(query)}
    assert {name: where for name, where in read.items() if name not in ours | others} == {}
    assert others - set(read) == set(), "listed, and nothing reads them"
    assert len(set(read) & ours) > 20


def own() -> Iterator[str]:
    """What the exporter calls the columns of our queries."""
    for file in QUERIES.glob("*.yaml"):
        for query, told in yaml.safe_load(file.read_text()).items():
            for column in told["metrics"]:
                [(name, meaning)] = column.items()
                if meaning["usage"] != "LABEL":
                    yield f"{query}_{name}"


def asked() -> Iterator[tuple[str, str]]:
    """Where each query stands, and the query."""
    for name, rule in rules().items():
        yield name, rule["expr"]
    dashboard = json.loads(paths.DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield f"the dashboard's {panel['title']}", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield f"the dashboard's {annotation['name']}", annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"the dashboard's ${variable['name']}", variable["query"].removeprefix("label_values(").rpartition(",")[0]
