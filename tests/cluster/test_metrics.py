"""The exporter beside a real server: what it tells, whom, and that nothing of it touches the server's pod."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography import x509

from harness import metrics_table
from harness.kubernetes import CommandError
from harness.on_cluster.release import Release, merged
from harness.on_cluster.scraping import Scrape, prometheus, scrape
from harness.on_cluster.serving import secret, server_state
from harness.waiting import wait_for

NAME = "postgresql-bill-inquiry-metrics"
LET_IN = [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]
ON: dict[str, Any] = {"backup": {"enabled": False}, "metrics": {"enabled": True, "from": LET_IN}}
# Of these there is a series only where there is what they tell of.
SOMETIMES = {"billdb_archive", "billdb_slot", "billdb_index"}
DONE = """
INSERT INTO bill_inquiry_history (request_id, line_number, status, cache_hit)
VALUES ('R1', '01011112222', 'COMPLETED', TRUE), ('R2', '01011112222', 'FAILED', NULL), ('R3', '01011112222', 'PROCESSING', NULL);
INSERT INTO kos_inquiry_history (line_number, result_code, retry_count) VALUES ('01011112222', '9999', 2);
INSERT INTO audit.backup_run (kind, started_at, finished_at, succeeded, bytes, added_bytes, release, chart_version)
VALUES ('backup', to_timestamp(1000000000), to_timestamp(1000000060), TRUE, 700, 70, 'billdb', '0.5.0')
"""


@pytest.fixture(scope="module")
def watched(exporter_image: None, release: Release) -> Release:
    """A release with its exporter, a pod that may scrape it, and something done."""
    release.install(ON)
    prometheus(release.cluster)
    release.cluster.sql(DONE)
    return release


def up(release: Release, *, tls: bool = False) -> Scrape:
    """A scrape for which the exporter could log in."""

    def told() -> Scrape | None:
        try:
            found = scrape(release.cluster, tls=tls)
        except CommandError:
            return None
        return found if found.of("pg_up") == [1] else None

    log = ("logs", f"deployment/{NAME}", "--tail=20")
    return wait_for(told, "the exporter to log in", seen=lambda: release.cluster.kubectl(*log), every=1) or Scrape({})


def in_the_clear(release: Release) -> set[str]:
    """What a scrape without TLS is answered: a server of TLS says no, or nothing."""
    try:
        return scrape(release.cluster).names()
    except CommandError:
        return set()


def test_every_metric_of_the_charts_own_is_there(watched: Release) -> None:
    found = up(watched)
    wanted = set()
    for name, query in metrics_table.queries().items():
        columns = [(column, how["usage"]) for metric in query["metrics"] for column, how in metric.items()]
        wanted |= {f"{name}_{column}" for column, usage in columns if usage != "LABEL" and name not in SOMETIMES}
    assert len(wanted) > 30
    assert sorted(wanted - found.names()) == []
    assert found.one("pg_exporter_last_scrape_error") == 0
    assert found.one("pg_exporter_user_queries_load_error") == 0
    assert {0.0} & {value for _, value in found.series.items() if _[0] == "pg_scrape_collector_success"} == set()


def test_the_values_are_those_of_what_was_done(watched: Release) -> None:
    found = up(watched)
    assert found.one("billdb_inquiries_recent", status="FAILED") == 1
    assert found.one("billdb_inquiries_cache_hits") == 1
    assert found.one("billdb_processing_inquiries") == 1
    assert (found.one("billdb_kos_calls", result_code="9999"), found.one("billdb_kos_retries", result_code="9999")) == (1, 2)
    assert found.one("billdb_run_finished_seconds", kind="backup") == 1000000060
    assert found.one("billdb_run_duration_seconds", kind="backup") == 60
    assert found.one("billdb_connection_limit_connections") == 100
    assert found.one("billdb_schema_version") == 12
    assert found.of("billdb_connections", role="bill_monitoring_user", application="billdb/metrics") != []
    assert found.one("billdb_statements_calls_total", database="bill_inquiry_db", role="bill_monitoring_user") > 0
    assert found.one("pg_database_size_bytes", datname="bill_inquiry_db") > 1_000_000
    assert found.of("pg_stat_user_tables_n_dead_tup", relname="bill_inquiry_history") != []


def test_the_ends_are_those_of_the_certificates_that_the_secrets_have(watched: Release) -> None:
    found = up(watched)
    for certificate, (name, key) in {
        "server": ("tls", "tls.crt"),
        "ca": ("tls", "ca.crt"),
        "schema": ("hook-tls", "tls.crt"),
        "schema-ca": ("hook-ca", "ca.crt"),
    }.items():
        issued = x509.load_pem_x509_certificate(secret(watched, f"postgresql-bill-inquiry-{name}")[key].encode())
        assert found.one("billdb_certificate_end_seconds", certificate=certificate) == issued.not_valid_after_utc.timestamp()


def test_a_pod_that_metrics_from_does_not_name_gets_no_answer(watched: Release) -> None:
    up(watched)
    prometheus(watched.cluster, "other", {"app": "other"})
    with pytest.raises(CommandError):
        scrape(watched.cluster, "other")


@pytest.mark.parametrize("way", ["the value", "the Secret"])
def test_a_rotated_password_leaves_it_working_and_the_server_as_it_is(watched: Release, way: str) -> None:
    before = server_state(watched)
    if way == "the value":
        rotated = {"auth": {"roles": {"bill_monitoring_user": {"password": "it's\\rotated:1%"}}}}
        watched.upgrade(merged(ON, rotated))
    else:
        patch = '{"stringData": {"bill-monitoring-user-password": "rotated-by-hand"}}'
        watched.cluster.kubectl("patch", "secret/postgresql-bill-inquiry-secret", f"--patch={patch}")
        watched.upgrade(ON)
    # A connection from before would go on working.
    end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'bill_monitoring_user'"
    watched.cluster.sql(end)
    up(watched)
    assert server_state(watched) == before


def test_who_may_scrape_cannot_have_it_log_in_elsewhere_with_its_password(watched: Release) -> None:
    up(watched)
    host = f"postgresql-bill-inquiry.{watched.cluster.namespace}.svc"
    password = secret(watched, "postgresql-bill-inquiry-secret")["bill-monitoring-user-password"]
    for who, logged_in in ((f"bill_monitoring_user:{quote(password)}", 1), ("bill_monitoring_user", 0)):
        target = f"postgresql://{who}@{host}:5432/bill_inquiry_db?sslmode=verify-full&sslrootcert=/tls/ca.crt"
        assert scrape(watched.cluster, path=f"/probe?{urlencode({'target': target})}").of("pg_up") == [logged_in]


def test_over_tls_it_is_who_it_says_and_without_it_says_nothing(watched: Release) -> None:
    before = server_state(watched)
    assert in_the_clear(watched)
    watched.upgrade(merged(ON, {"metrics": {"tls": {"enabled": True}}}))
    ca = secret(watched, f"{NAME}-tls")["ca.crt"]
    watched.cluster.kubectl("exec", "--stdin", "prometheus", "--", "bash", "-c", "cat > /tmp/ca.crt", stdin=ca)
    assert up(watched, tls=True).one("billdb_server_major") == 14
    assert not in_the_clear(watched)
    other = secret(watched, "postgresql-bill-inquiry-ca")["ca.crt"]
    watched.cluster.kubectl("exec", "--stdin", "prometheus", "--", "bash", "-c", "cat > /tmp/ca.crt", stdin=other)
    with pytest.raises(CommandError):
        scrape(watched.cluster, tls=True)
    assert server_state(watched) == before


def test_switched_off_and_on_the_servers_pod_stays_as_it_is(watched: Release) -> None:
    before = server_state(watched)
    watched.upgrade(merged(ON, {"metrics": {"enabled": False}}))
    assert not watched.cluster.kubectl(
        "get", "deployment,service,networkpolicy", f"--selector=app={NAME}", "--output=name"
    ).strip()
    watched.upgrade(ON)
    assert up(watched).of("billdb_server_major") == [14]
    assert server_state(watched) == before
