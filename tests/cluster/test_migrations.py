"""The schema Job as Kubernetes runs it: killed, out of time, and within its memory."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.kubernetes import CommandError
from harness.on_cluster.release import Release
from harness.waiting import wait_for

# Goes on at once but while there is a row that the test puts there.
SLOW = {"V9001__slow.sql": "CREATE TABLE slow ();\nSELECT pg_sleep(600) FROM system_config WHERE config_key = 'test.sleep';"}
ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'billdb/db-init'"
JOB = "job/bill-inquiry-db-init"


def test_job_has_the_memory_that_it_is_proven_with(database: Release) -> None:
    [container] = database.cluster.get(JOB)["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "64Mi"
    assert database.cluster.get(JOB)["status"]["succeeded"] == 1


def test_pod_of_the_job_that_is_killed_in_a_migration_is_followed_by_one_that_ends_it(database: Release) -> None:
    selector = "--selector=app=bill-inquiry-db-init"
    with ThreadPoolExecutor(1) as pool:
        database.cluster.sql("INSERT INTO system_config (config_key, config_value) VALUES ('test.sleep', '')")
        upgrade = pool.submit(database.upgrade, {"schema": {"extraMigrations": SLOW}})
        wait_for(lambda: database.cluster.sql(ASLEEP) == "1", "the migration to begin", 300)
        database.cluster.sql("DELETE FROM system_config WHERE config_key = 'test.sleep'")
        database.cluster.kubectl("delete", "pod", selector, "--grace-period=0", "--force", "--wait=false")
        assert "STATUS: deployed" in upgrade.result()
    applied = "SELECT to_regclass('slow') IS NOT NULL, count(*) FROM audit.schema_migration WHERE version = 9001"
    assert database.cluster.sql(applied) == "t|1"


def test_job_that_takes_too_long_fails_the_release_and_its_log_stays(database: Release) -> None:
    slower = SLOW | {"V9002__slower.sql": "SELECT pg_sleep(600);"}
    with pytest.raises(CommandError, match="bill-inquiry-db-init"):
        database.upgrade({"schema": {"deadlineSeconds": 40, "extraMigrations": slower}})
    assert database.cluster.get(JOB)["status"]["conditions"][-1]["reason"] == "PodFailurePolicy"
    log = database.cluster.kubectl("logs", JOB)
    assert "unchanged  " in log
    assert log.rstrip().endswith(
        "ERROR: not done after 40 s; what ended stays. Raise schema.deadlineSeconds, and run helm upgrade again"
    )
