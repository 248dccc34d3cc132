"""The server's configuration: its settings, its command line and who may log in."""

import re

import pytest

from harness import paths
from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import config, options, server

OWN = "bill_inquiry_owner,bill_inquiry_user,bill_readonly_user,bill_maintenance_user"
# What a crash or a failing disk must not cost: PostgreSQL's own defaults are safe, and no default of the chart undoes them.
DURABLE = {"fsync", "full_page_writes", "synchronous_commit", "wal_sync_method", "ignore_checksum_failure", "zero_damaged_pages",
           "autovacuum", "wal_level", "data_sync_retry"}  # fmt: skip
SETTINGS = {
    "max_connections": "100", "shared_buffers": "256MB", "effective_cache_size": "1GB", "work_mem": "4MB",
    "maintenance_work_mem": "64MB", "log_destination": "stderr", "log_min_duration_statement": "1000ms", "log_statement": "none",
    "log_connections": "on", "log_disconnections": "on", "log_line_prefix": "%m [%p] %q%u@%d from %r (%a) ",
    "timezone": "Asia/Seoul", "log_timezone": "Asia/Seoul", "shared_preload_libraries": "pg_stat_statements",
    "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0", "log_lock_waits": "on", "log_checkpoints": "on",
    "log_autovacuum_min_duration": "1min", "log_temp_files": "10MB", "track_io_timing": "on",
    "max_parallel_workers_per_gather": "0", "jit": "off", "checkpoint_timeout": "15min", "max_wal_size": "2GB",
    "max_slot_wal_keep_size": "4GB", "idle_in_transaction_session_timeout": "1h",
    "include_if_exists": "/var/run/postgresql/audit.conf",
}  # fmt: skip


def settings(manifests: Manifests) -> dict[str, str]:
    pairs = [line.split(" = ", 1) for line in config(manifests, "postgresql.conf")]
    return {name: value[1:-1] for name, value in pairs}


def test_the_default_settings_are_the_plans_and_what_a_log_must_tell_and_none_of_durability(default: Manifests) -> None:
    assert settings(default) == SETTINGS
    assert not DURABLE & set(settings(default))


def test_settings_are_written_as_the_server_reads_them() -> None:
    values = {"parameters": {"a": "it's", "b": 1000000, "c": 1.5, "d": True, "e": 12345678901, "application_name": "ㄱ"}}
    assert settings(render({"postgresql": values})) == SETTINGS | {
        "a": "it''s", "b": "1000000", "c": "1.5", "d": "true", "e": "12345678901", "application_name": "ㄱ",
    }  # fmt: skip


def test_a_changed_setting_or_rule_changes_the_pod_and_nothing_else_does() -> None:
    def checksum(values: dict[str, object]) -> str:
        return str(server(render(values))["metadata"]["annotations"]["billdb/config-checksum"])

    assert checksum({}) == checksum({"schema": {"waitSeconds": 5}})
    changed = {checksum({"postgresql": {"parameters": {"work_mem": size}}}) for size in ("4MB", "5MB")}
    assert len(changed | {checksum({}), checksum({"auth": {"method": "md5"}})}) == 3


def test_the_command_line_decides_where_everything_is_and_how_the_server_is_reached(default: Manifests) -> None:
    tls = {
        "ssl_ca_file": "/etc/postgresql-clients/ca.crt",
        "ssl_cert_file": "/etc/postgresql-tls/tls.crt",
        "ssl_key_file": "/etc/postgresql-tls/tls.key",
        "ssl_min_protocol_version": "TLSv1.2",
    }
    without = {
        "config_file": "/etc/postgresql/postgresql.conf",
        "data_directory": "/bitnami/postgresql/data",
        "hba_file": "/etc/postgresql/pg_hba.conf",
        "ident_file": "/etc/postgresql/pg_ident.conf",
        "listen_addresses": "*",
        "password_encryption": "scram-sha-256",
        "port": "5432",
        "unix_socket_directories": "/var/run/postgresql",
    }
    assert options(default) == without | tls | {"ssl": "on"}
    assert options(render({"tls": {"mode": "disabled"}})) == without | {"ssl": "off"}


def test_another_port_is_everywhere() -> None:
    manifests = render(EVERYTHING_ON)
    assert options(manifests)["port"] == "5433"
    assert not re.search(r"\b5432\b", str(dict(manifests)))


def test_the_ciphers_are_the_servers_and_by_default_postgresqls(default: Manifests) -> None:
    assert options(render(EVERYTHING_ON))["ssl_ciphers"] == "HIGH:!aNULL"
    assert "ssl_ciphers" not in options(default)


def rules(host: str, *first: str, method: str = "scram-sha-256", database: str = "bill_inquiry_db") -> list[str]:
    """The rules of pg_hba.conf after those for the schema Job."""
    return [
        *first,
        f'{host} "{database}" {OWN} all {method}',
        f'{host} "{database}",postgres bill_monitoring_user all {method}',
        f"{host} all,replication bill_backup_user all {method}",
        f"{host} all {OWN},bill_monitoring_user all reject",
        f"{host} all all all {method}",
    ]


SOCKET, BY_CERTIFICATE, NOT_OTHERWISE = (
    "local all all peer",
    "hostssl all billdb_hook all cert",
    "host all billdb_hook all reject",
)


@pytest.mark.parametrize(("values", "expected"), [
    ({}, rules("hostssl", SOCKET, BY_CERTIFICATE, NOT_OTHERWISE)),
    ({"schema": {"login": "password"}}, rules("hostssl", SOCKET, NOT_OTHERWISE)),
    ({"tls": {"mode": "disabled"}}, rules("host", SOCKET, NOT_OTHERWISE)),
    ({"auth": {"superuserFromNetwork": False, "database": "orders", "method": "md5"}},
     rules("hostssl", SOCKET, BY_CERTIFICATE, NOT_OTHERWISE, "host all postgres all reject", method="md5", database="orders")),
    ({"image": {"profile": "assigned"}}, rules("hostssl", f"{SOCKET} map=assigned", BY_CERTIFICATE, NOT_OTHERWISE)),
    ({"postgresql": {"hba": ["local x all trust"]}},
     rules("hostssl", "local x all trust", SOCKET, BY_CERTIFICATE, NOT_OTHERWISE)),
], ids=["default", "schema by password", "without TLS", "superuser kept out", "assigned", "the user's first"])  # fmt: skip
def test_rules_let_each_role_reach_its_own_database_over_tls_only(values: dict[str, object], expected: list[str]) -> None:
    assert config(render(values), "pg_hba.conf") == expected


def test_the_servers_scripts_are_the_files_of_the_chart(statefulset: Manifests) -> None:
    files = {file.name: file.read_text().rstrip("\n") for file in (paths.CHART / "server").iterdir()}
    [data] = [o["data"] for o in statefulset.of("ConfigMap") if "postgresql.conf" in o["data"]]
    assert {name: text.rstrip("\n") for name, text in data.items() if name.endswith(".sh")} == files
