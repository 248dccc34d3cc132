"""The chart that was released last, with data in it, becomes this one; a rollback to it, and the way back, keep it too."""

import pytest

from harness import paths
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret

RELEASED = str(paths.ROOT / "tests" / "cluster" / "released" / "billdb-0.5.0.tgz")
FILL = """
INSERT INTO bill_inquiry_history (request_id, line_number, inquiry_month, status, result_summary)
SELECT 'R' || n, '0101111' || lpad((n % 50)::text, 4, '0'), '2026-10', 'COMPLETED', '요금 ' || n
FROM generate_series(1, 2000) AS n;
INSERT INTO kos_inquiry_history (bill_request_id, line_number, result_code)
SELECT 'R' || n, '01011112222', '0000' FROM generate_series(1, 2000) AS n;
UPDATE system_config SET config_value = '6' WHERE config_key = 'bill.cache.ttl.hours';
"""
# A line a table: how many rows, and a checksum of all that is in them.
CONTENT = """
SELECT format('%s %s', oid::regclass, query_to_xml(format(
    'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM %s AS t', oid::regclass), false, true, ''))
FROM pg_class
WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'audit'::regnamespace)
    AND relname NOT IN ('schema_migration', 'ddl_history', 'backup_run')
ORDER BY oid::regclass::text
"""
LEDGER = "SELECT version, sha256, applied_at FROM audit.schema_migration WHERE version <= 12 ORDER BY version"
TRUSTED = """
SELECT DISTINCT pg_get_userbyid(owner) = 'postgres' FROM (
    SELECT nspowner FROM pg_namespace WHERE nspname = 'audit'
    UNION ALL SELECT relowner FROM pg_class
        WHERE relnamespace = 'audit'::regnamespace AND relname IN ('schema_migration', 'ddl_history', 'backup_run')
    UNION ALL SELECT proowner FROM pg_event_trigger JOIN pg_proc ON pg_proc.oid = evtfoid
) AS found (owner)
"""


@pytest.fixture(scope="module")
def released(release: Release) -> Release:
    """A release of the chart that was released last, with rows."""
    release.install(None, RELEASED)
    release.cluster.sql(FILL)
    return release


def state(release: Release) -> list[object]:
    """What must stay the same: rows, ledger, passwords, and the CA that clients trust."""
    kept = [release.cluster.sql(CONTENT), release.cluster.sql(LEDGER)]
    return [*kept, release.passwords(), secret(release, "postgresql-bill-inquiry-ca")]


def upgraded(release: Release, before: list[object]) -> None:
    """Upgrade to this chart; whatever was there stays, old passwords work, and what a superuser runs is a superuser's."""
    assert "STATUS: deployed" in release.upgrade()
    assert state(release) == before
    assert release.cluster.sql(TRUSTED) == "t"
    assert "Succeeded" in release.cluster.helm("test", release.name)


def test_the_released_chart_with_data_becomes_this_one_and_loses_nothing(released: Release) -> None:
    before = state(released)
    upgraded(released, before)


def test_a_rollback_to_it_and_the_upgrade_after_that_lose_nothing_either(released: Release) -> None:
    before = state(released)
    released.cluster.helm("rollback", released.name, "1", "--wait", "--timeout=240s")
    assert state(released) == before
    upgraded(released, before)
