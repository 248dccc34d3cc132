"""The installed server, asked itself."""

import pytest
from pytest_helm_charts.clusters import Cluster as KubeCluster
from pytest_helm_charts.k8s.stateful_set import wait_for_stateful_sets_to_run

from harness.on_cluster.release import Release
from tests.database import contract

# Sections 2.1, 4.1, 4.2 and 4.3 of the install plan, as the server words them.
SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "log_destination": "stderr",
    "log_min_duration_statement": "1s",
    "log_statement": "none",
    "log_connections": "on",
    "log_disconnections": "on",
    "TimeZone": "Asia/Seoul",
    "log_timezone": "Asia/Seoul",
    "server_encoding": "UTF8",
    "data_checksums": "on",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "password_encryption": "scram-sha-256",
    "shared_preload_libraries": "pg_stat_statements",
    "data_directory": "/bitnami/postgresql/data",
    "log_parameter_max_length": "0",
    "log_lock_waits": "on",
    "log_checkpoints": "on",
    "log_autovacuum_min_duration": "1min",
    "log_temp_files": "10MB",
    "track_io_timing": "on",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "checkpoint_timeout": "15min",
    "max_wal_size": "2GB",
    "max_slot_wal_keep_size": "4GB",
    "idle_in_transaction_session_timeout": "1h",
}


def test_stateful_set_runs(database: Release, kube_cluster: KubeCluster) -> None:
    wait_for_stateful_sets_to_run(
        kube_cluster.kube_client, ["postgresql-bill-inquiry"], database.cluster.namespace, timeout_sec=240
    )


@pytest.fixture(scope="module")
def settings(database: Release) -> dict[str, str]:
    """Every setting as the server words it, asked once."""
    lines = database.cluster.sql("SELECT name, current_setting(name) FROM pg_settings").splitlines()
    return dict(line.split("|", 1) for line in lines if "|" in line)


@pytest.mark.parametrize(("name", "value"), SETTINGS.items(), ids=SETTINGS)
def test_setting_is_in_effect(settings: dict[str, str], name: str, value: str) -> None:
    assert settings[name] == value


def test_server_understood_every_line_of_its_configuration(database: Release) -> None:
    files = "SELECT count(*), count(error) FROM pg_file_settings"
    rules = "SELECT count(*) > 0, count(error) FROM pg_hba_file_rules"
    lines, wrong = database.cluster.sql(files).split("|")
    assert int(lines) > 15
    assert wrong == "0"
    assert database.cluster.sql(rules) == "t|0"


def test_schema_job_created_the_five_tables(database: Release) -> None:
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
    assert database.cluster.sql(tables).splitlines() == sorted(contract.TABLES)


def test_schema_job_inserted_the_thirteen_rows(database: Release) -> None:
    rows = database.cluster.sql("SELECT config_key, config_value FROM system_config WHERE config_type = 'INTEGER'")
    assert dict(line.split("|") for line in rows.splitlines()) == contract.SETTINGS


def test_extensions_are_there(database: Release) -> None:
    names = database.cluster.sql("SELECT extname FROM pg_extension ORDER BY extname").splitlines()
    assert names == ["pg_stat_statements", "plpgsql", "uuid-ossp"]


def test_korean_text_comes_back_and_sorts_in_dictionary_order(database: Release) -> None:
    assert database.cluster.sql("SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['하','가','나']) AS x") == "가나하"


def test_log_of_the_schema_job_reads_like_a_report(database: Release) -> None:
    log = database.cluster.kubectl("logs", "job/bill-inquiry-db-init")
    assert "applied    V0003__tables.sql in " in log
    assert "table      public.system_config" in log
    assert log.rstrip().endswith("the schema of bill_inquiry_db is ready")


def test_helm_test_passes(database: Release) -> None:
    assert "Succeeded" in database.cluster.helm("test", database.name)


def test_memory_for_parallel_queries_is_larger_than_the_runtime_gives(database: Release) -> None:
    size = database.cluster.kubectl("exec", database.cluster.pod, "--", "df", "-k", "--output=size", "/dev/shm")
    assert int(size.split()[1]) >= 256 * 1024
