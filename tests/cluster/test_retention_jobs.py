"""The CronJobs of retention as Kubernetes runs them, by hand and by the schedule, restricted and behind the policies."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.on_cluster.backups import run_now
from harness.on_cluster.release import Release
from harness.waiting import wait_for

HISTORY_JOB, CACHE_JOB = "bill-inquiry-delete-old-history", "bill-inquiry-delete-expired-cache"
OLD = """
INSERT INTO bill_inquiry_history (request_id, line_number, request_time) VALUES ('old', '1', '2020-01-01'), ('new', '1', DEFAULT);
INSERT INTO kos_inquiry_history (bill_request_id, line_number, request_time)
VALUES ('old', '1', '2020-01-01'), ('new', '1', DEFAULT);
INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at)
VALUES ('old', '1', '2020-01', '{}', '2020-01-01'), ('new', '1', '2020-01', '{}', '9999-01-01');
"""
HISTORY = "SELECT array_agg(request_id), (SELECT array_agg(bill_request_id) FROM kos_inquiry_history) FROM bill_inquiry_history"


@contextmanager
def suspended(release: Release, cronjob: str) -> Iterator[None]:
    """Have the schedule, which may be due just now, delete nothing."""

    def suspend(whether: str) -> None:
        release.cluster.kubectl("patch", f"cronjob/{cronjob}", f'--patch={{"spec": {{"suspend": {whether}}}}}')

    suspend("true")
    try:
        yield
    finally:
        suspend("false")


def test_run_by_hand_deletes_what_is_too_old_and_says_so(database: Release) -> None:
    with suspended(database, HISTORY_JOB), suspended(database, CACHE_JOB):
        database.cluster.sql(OLD)
        history = run_now(database, HISTORY_JOB, "history-now")
        cache = run_now(database, CACHE_JOB, "cache-now")
    assert database.cluster.sql(HISTORY) == "{new}|{new}"
    assert database.cluster.sql("SELECT cache_key FROM bill_info_cache") == "new"
    assert "deleted 1 calls to KOS from before " in history
    assert "deleted 1 bills and 0 customers that expired before " in cache
    assert [log.rstrip().endswith("done") for log in (history, cache)] == [True, True]


def test_run_without_its_setting_fails_and_names_it(database: Release) -> None:
    setting = "bill.history.retention.days"
    database.cluster.sql(f"UPDATE system_config SET is_active = false WHERE config_key = '{setting}'")
    log = run_now(database, HISTORY_JOB, "without-setting", "Failed")
    database.cluster.sql(f"UPDATE system_config SET is_active = true WHERE config_key = '{setting}'")
    assert f"system_config {setting} is missing or inactive, not a number of days: nothing is deleted" in log


def test_run_by_the_schedule_deletes_too(database: Release) -> None:
    database.cluster.sql("UPDATE bill_info_cache SET expires_at = '2020-01-01'")
    database.upgrade({"retention": {"cache": {"schedule": "* * * * *"}}})
    left = "SELECT count(*) FROM bill_info_cache"
    wait_for(lambda: database.cluster.sql(left) == "0", "the schedule to have the cache deleted", 300, every=1)
