"""Alerts of what is in the database and under it: each fired by the thing itself, and ended by its cure."""

from typing import Any

import pytest

from harness.kubernetes import POD, CommandError
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from tests.cluster.alerting import ALONE, SERVER, service, tuned, understood

FIRES = {
    "BilldbWraparound": "test_transaction_ids_that_no_vacuum_gave_back_are_told_of_until_one_did",
    "BilldbWALGrowth": "test_a_slot_whose_client_stays_away_is_told_of_until_it_is_dropped",
    "BilldbIndexInvalid": "test_an_index_that_could_not_be_built_is_told_of_until_it_is_dropped",
    "BilldbChecksumFailure": "test_a_page_damaged_on_the_disk_is_told_of_once_it_was_read",
    "BilldbProcessingStuck": "test_an_inquiry_that_nobody_finishes_is_told_of_until_somebody_does",
    "BilldbKOSFailing": "test_calls_of_kos_that_fail_are_told_of_until_others_succeed",
}
# 0.01 % of the transaction ids are 214,748.
ALERTS: dict[str, dict[str, Any]] = {
    "BilldbWraparound": {"threshold": 0.01},
    "BilldbChecksumFailure": {"window": "90s"},  # longer than no exporter is there while one takes the other's place
    "BilldbProcessingStuck": {"threshold": 5},
}
# So little memory that a page does not stay in it, and so little WAL that a slot holds back too much after some segments.
SMALL = {
    "shared_buffers": "4MB", "min_wal_size": "32MB", "max_wal_size": "32MB", "max_slot_wal_keep_size": "256MB",
    "synchronous_commit": "off",
}  # fmt: skip
BURN = "DO $$ BEGIN FOR i IN 1..250000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
FREEZE = """
psql -qXU postgres -c 'ALTER DATABASE template0 ALLOW_CONNECTIONS true'
vacuumdb --username=postgres --all --freeze --quiet
psql -qXU postgres -c 'ALTER DATABASE template0 ALLOW_CONNECTIONS false'
"""
DAMAGE = "dd if=/dev/zero of=$PGDATA/{} bs=1 seek=4000 count=100 conv=notrunc status=none"
NOW = "now() AT TIME ZONE 'Asia/Seoul'"
KOS = """INSERT INTO kos_inquiry_history (line_number, request_time, result_code)
SELECT '01011112222', {}, '{}' FROM generate_series(1, {})"""


@pytest.fixture(scope="module")
def watched(exporter_image: None, monitoring: Monitoring, release: Release) -> Release:
    alerts: dict[str, dict[str, Any]] = {name: {} for name in FIRES} | ALERTS
    release.install(merged(merged(WATCHED, ALONE), merged(tuned(alerts), {"postgresql": {"parameters": SMALL}})))
    monitoring.wait_watched(release)
    return release


def asked_anew(release: Release) -> None:
    """Have a new exporter ask the server now: what one knows is good for up to a minute."""
    release.cluster.kubectl("rollout", "restart", f"deployment/{SERVER}-metrics")
    release.cluster.kubectl("rollout", "status", f"deployment/{SERVER}-metrics", "--timeout=120s")


def execute(release: Release, script: str) -> str:
    return release.cluster.kubectl("exec", POD, "--container=postgresql", "--", "bash", "-ec", script)


def as_the_service(release: Release, statement: str) -> None:
    done, log = release.ask("service", f'psql -qX -v ON_ERROR_STOP=1 --command="{statement}"', service(release))
    assert done, log


def test_transaction_ids_that_no_vacuum_gave_back_are_told_of_until_one_did(watched: Release, monitoring: Monitoring) -> None:
    watched.cluster.sql(BURN)
    asked_anew(watched)
    understood(monitoring.wait_firing(watched, "BilldbWraparound", {"database": "template0"}), "template0", "transaction ids")
    execute(watched, FREEZE)
    asked_anew(watched)
    monitoring.wait_cleared(watched, "BilldbWraparound", {"database": "template0"})


def test_a_slot_whose_client_stays_away_is_told_of_until_it_is_dropped(watched: Release, monitoring: Monitoring) -> None:
    watched.cluster.sql("SELECT pg_create_physical_replication_slot('gone', true)")
    for _ in range(5):
        watched.cluster.sql("SELECT pg_logical_emit_message(false, 'a', 'b')")
        watched.cluster.sql("SELECT pg_switch_wal()")
    asked_anew(watched)
    understood(monitoring.wait_firing(watched, "BilldbWALGrowth"), "of WAL")
    watched.cluster.sql("SELECT pg_drop_replication_slot('gone')")
    watched.cluster.sql("CHECKPOINT")
    asked_anew(watched)
    monitoring.wait_cleared(watched, "BilldbWALGrowth")


def test_an_index_that_could_not_be_built_is_told_of_until_it_is_dropped(watched: Release, monitoring: Monitoring) -> None:
    watched.cluster.sql("CREATE TABLE public.twice AS SELECT 1 AS id FROM generate_series(1, 2)")
    with pytest.raises(CommandError, match="could not create unique index"):
        watched.cluster.sql("CREATE UNIQUE INDEX CONCURRENTLY half_built ON public.twice (id)")
    asked_anew(watched)
    message = monitoring.wait_firing(watched, "BilldbIndexInvalid", {"relation": "half_built"})
    understood(message, "index public.half_built", "invalid")
    watched.cluster.sql("DROP INDEX public.half_built")
    asked_anew(watched)
    monitoring.wait_cleared(watched, "BilldbIndexInvalid", {"relation": "half_built"})


def test_a_page_damaged_on_the_disk_is_told_of_once_it_was_read(watched: Release, monitoring: Monitoring) -> None:
    # An autovacuum that sees the page meanwhile would write it again.
    watched.cluster.sql(
        "CREATE TABLE public.damaged WITH (autovacuum_enabled = false) AS"
        " SELECT repeat('x', 1000) AS line FROM generate_series(1, 100)"
    )
    watched.cluster.sql("CHECKPOINT")
    execute(watched, DAMAGE.format(watched.cluster.sql("SELECT pg_relation_filepath('public.damaged')")))
    watched.cluster.sql("CREATE TABLE public.filler (line TEXT)")
    watched.cluster.sql("INSERT INTO public.filler SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
    with pytest.raises(CommandError, match="invalid page in block 0"):
        watched.cluster.sql("SELECT count(*) FROM public.damaged")
    asked_anew(watched)
    message = monitoring.wait_firing(watched, "BilldbChecksumFailure", {"database": "bill_inquiry_db"})
    understood(message, "bill_inquiry_db", "damaged pages")
    watched.cluster.sql("DROP TABLE public.damaged, public.filler")
    monitoring.wait_cleared(watched, "BilldbChecksumFailure", {"database": "bill_inquiry_db"})


def test_an_inquiry_that_nobody_finishes_is_told_of_until_somebody_does(watched: Release, monitoring: Monitoring) -> None:
    columns = "request_id, user_id, line_number, inquiry_month, status"
    as_the_service(
        watched, f"INSERT INTO bill_inquiry_history ({columns}) VALUES ('R1', 'U1', '01011112222', '2026-11', 'PROCESSING')"
    )
    understood(monitoring.wait_firing(watched, "BilldbProcessingStuck"), "PROCESSING")
    as_the_service(watched, "UPDATE bill_inquiry_history SET status = 'COMPLETED' WHERE request_id = 'R1'")
    monitoring.wait_cleared(watched, "BilldbProcessingStuck")


def test_calls_of_kos_that_fail_are_told_of_until_others_succeed(watched: Release, monitoring: Monitoring) -> None:
    as_the_service(watched, KOS.format(NOW, "9999", 10))
    asked_anew(watched)
    message = monitoring.wait_firing(watched, "BilldbKOSFailing")
    assert "100 % of the calls of KOS fail" in message.summary
    as_the_service(watched, KOS.format(NOW, "0000", 90))
    asked_anew(watched)
    monitoring.wait_cleared(watched, "BilldbKOSFailing")
