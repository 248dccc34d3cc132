"""Another major version by another image.tag alone: CloudNativePG upgrades the files in their place, and no row is lost."""

from collections.abc import Iterator

import pytest

from harness.local import images, node
from harness.local.cluster import load
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged

pytestmark = pytest.mark.local_node
OLD, NEW = "16", "17"
VERSION = "SELECT current_setting('server_version_num')::int / 10000"
FILL = """
INSERT INTO customer_info (customer_id, line_number, operator_code, expires_at)
SELECT 'C' || n, '0101111' || n, 'KT', '2999-01-01' FROM generate_series(1, 1000) AS n
"""
# Every row of every table of the service's, and every sequence.
CONTENTS = """
SELECT string_agg(part, ' ' ORDER BY part) FROM (
    SELECT relid::regclass || ' ' || (xpath('/row/sum/text()', query_to_xml(format(
        'SELECT count(*) || '':'' || md5(string_agg(t::text, '','' ORDER BY t::text)) AS sum FROM %s AS t', relid::regclass
    ), true, true, '')))[1] AS part
    FROM pg_stat_user_tables WHERE schemaname = 'public'
    UNION ALL
    SELECT format('%I %s', sequencename, last_value) FROM pg_sequences WHERE schemaname = 'public'
) AS parts
"""


def values(major: str) -> dict[str, object]:
    return merged(SMALL, {"image": {"tag": major}, "cloudnativepg": {"instances": 1}})


@pytest.fixture(scope="module")
def old(cloudnativepg: None, release: Release) -> Iterator[Instances]:
    """A release of the older version, with rows."""
    running = node.first()
    load(running, images.archives((OLD,)))
    instances = Instances(release)
    release.install(values(OLD))
    instances.wait_healthy()
    instances.sql(FILL)
    yield instances
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def test_every_row_is_there_in_the_newer_version(old: Instances) -> None:
    before = old.sql(CONTENTS)
    assert (old.sql(VERSION), "customer_info 1000:" in before) == (OLD, True)
    old.release.upgrade(values(NEW))
    old.wait_healthy()
    assert (old.sql(VERSION), old.sql(CONTENTS)) == (NEW, before)
    assert "unchanged  12 migrations" in old.release.cluster.kubectl(
        "logs", "--selector=job-name=bill-inquiry-db-init", "--tail=-1"
    )
    old.sql("CREATE EXTENSION amcheck")
    checked = "SELECT count(bt_index_check(oid)) FROM pg_class WHERE relkind = 'i' AND relam = 403"
    assert int(old.sql(checked)) > 100
