"""What the logs tell of who came and what the superuser did; with pgaudit where the image has it."""

import re
from collections.abc import Callable, Iterator

import pytest

from harness.kubernetes import Cluster
from harness.local import cluster, images, node
from harness.on_cluster import logs
from harness.on_cluster.release import Release
from harness.waiting import wait_for_words

SECRET = "never to be read in a log"


def server_log(release: Release, words: str = "") -> str:
    """The server's log, once these words are in it: what a session leaves there comes a moment after its client has gone."""
    return wait_for_words(lambda: logs.of_server(release.cluster), words)


@pytest.fixture(scope="module")
def audited(namespaces: Callable[[str], Cluster]) -> Iterator[Release]:
    """A release whose image has pgaudit."""
    running = node.first()
    cluster.load(running, images.archives(["15-pgaudit"]))
    release = Release(namespaces("billdb-audited"))
    release.install({"image": {"tag": "15-pgaudit"}})
    yield release
    release.remove()


def test_a_login_leaves_role_database_address_and_application(database: Release) -> None:
    succeeded, address = database.ask("known", "hostname -i; psql -qAtc 'SELECT 1'", {"PGAPPNAME": "billing-report"})
    assert succeeded
    ip = address.split()[0]
    log = server_log(database, "(billing-report) LOG:  disconnection: session time")
    come = "connection authorized: user=postgres database=bill_inquiry_db application_name=billing-report SSL enabled"
    assert come in log
    [gone] = [line for line in log.splitlines() if "disconnection: session time" in line and "(billing-report)" in line]
    assert f"postgres@bill_inquiry_db from {ip}(" in gone


@pytest.mark.parametrize(("environment", "reason"), [
    ({"PGPASSWORD": "guessed", "PGAPPNAME": "guessing"}, 'password authentication failed for user "postgres"'),
    ({"PGSSLMODE": "disable"}, "no encryption"),
    ({"PGUSER": "stranger"}, 'password authentication failed for user "stranger"'),
], ids=["wrong password", "without TLS", "unknown role"])  # fmt: skip
def test_a_failed_login_is_in_the_log(database: Release, environment: dict[str, str], reason: str) -> None:
    assert not database.ask("unknown", "psql -qAtc 'SELECT 1'", environment)[0]
    assert [line for line in server_log(database, reason).splitlines() if "FATAL" in line and reason in line]


def test_without_pgaudit_the_server_starts_all_the_same(database: Release) -> None:
    assert database.cluster.sql("SELECT current_setting('pgaudit.log', true)") == ""
    assert "AUDIT:" not in server_log(database)


@pytest.mark.local_node
def test_pgaudit_logs_what_the_superuser_does(audited: Release) -> None:
    audited.cluster.sql("UPDATE system_config SET description = 'by hand' WHERE config_key = 'bill.cache.ttl.hours'")
    audited.cluster.sql("CREATE TABLE by_hand ()")
    log = server_log(audited, "CREATE TABLE by_hand")
    assert "AUDIT: SESSION,1,1,WRITE,UPDATE,,,UPDATE system_config SET description = 'by hand'" in log
    assert re.search(r"AUDIT: SESSION,\d+,\d+,DDL,CREATE TABLE,,,CREATE TABLE by_hand", log)


@pytest.mark.local_node
def test_pgaudit_logs_no_password(audited: Release) -> None:
    audited.upgrade({"image": {"tag": "15-pgaudit"}, "auth": {"roles": {"bill_readonly_user": {"password": SECRET}}}})
    audited.cluster.sql(f"ALTER ROLE bill_readonly_user PASSWORD '{SECRET}'")
    log = server_log(audited, "ALTER ROLE bill_readonly_user PASSWORD")
    assert SECRET not in log
