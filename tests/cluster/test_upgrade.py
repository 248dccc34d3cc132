"""helm upgrade and rollback of a release in use."""

import pytest

from harness import paths
from harness.kubernetes import CommandError
from harness.on_cluster.release import Release, Values


def pod_uid(release: Release) -> str:
    uid: str = release.cluster.get("pod/postgresql-bill-inquiry-0")["metadata"]["uid"]
    return uid


def ledger(release: Release) -> str:
    return release.cluster.sql("SELECT * FROM audit.schema_migration ORDER BY version")


def test_an_upgrade_without_a_change_changes_nothing(database: Release) -> None:
    database.cluster.sql("UPDATE system_config SET config_value = '6' WHERE config_key = 'bill.cache.ttl.hours'")
    before = pod_uid(database), database.password(), ledger(database)
    certificate = database.cluster.get("secret/postgresql-bill-inquiry-tls")["data"]
    database.upgrade()
    assert (pod_uid(database), database.password(), ledger(database)) == before
    assert database.cluster.get("secret/postgresql-bill-inquiry-tls")["data"] == certificate
    log = database.cluster.kubectl("logs", "job/bill-inquiry-db-init")
    migrations = len(list((paths.CHART / "hooks" / "migrations").iterdir()))
    assert f"unchanged  {migrations} migrations" in log
    assert "applied" not in log
    operators = "SELECT config_value FROM system_config WHERE config_key = 'bill.cache.ttl.hours'"
    assert database.cluster.sql(operators) == "6"


def test_a_changed_setting_is_in_effect_after_the_upgrade_and_undone_by_the_rollback(database: Release) -> None:
    before = pod_uid(database)
    database.upgrade({"postgresql": {"parameters": {"work_mem": "8MB"}}})
    assert database.cluster.sql("SELECT current_setting('work_mem')") == "8MB"
    assert pod_uid(database) != before
    database.cluster.helm("rollback", database.name, "--wait")
    assert database.cluster.sql("SELECT current_setting('work_mem')") == "4MB"


def fails_at_once(release: Release, values: Values | None = None) -> None:
    """Upgrade in vain: the first pod of the schema Job fails the Job, which has tries left, and that fails the release."""
    with pytest.raises(CommandError, match="bill-inquiry-db-init") as failure:
        release.upgrade(values)
    assert "deadline exceeded" not in str(failure.value)
    job = release.cluster.get("job/bill-inquiry-db-init")
    [reason] = {condition["reason"] for condition in job["status"]["conditions"]}
    assert (job["spec"]["backoffLimit"] > 0, job["status"]["failed"], reason) == (True, 1, "PodFailurePolicy")


def test_a_failed_migration_fails_the_release_at_once_and_a_correct_upgrade_mends_it(database: Release) -> None:
    def mine(statement: str) -> dict[str, object]:
        return {"schema": {"extraMigrations": {"V9001__mine.sql": f"CREATE TABLE mine ();\n{statement}"}}}

    fails_at_once(database, mine("SELECT 1 / 0;"))
    log = database.cluster.kubectl("logs", "job/bill-inquiry-db-init")
    assert "V9001__mine.sql:2: ERROR:  division by zero" in log
    assert database.cluster.sql("SELECT to_regclass('mine') IS NULL") == "t"
    assert "STATUS: deployed" in database.upgrade(mine("SELECT 1;"))


def test_a_released_migration_that_was_changed_stops_the_upgrade_before_anything_is_applied(database: Release) -> None:
    database.cluster.sql("UPDATE audit.schema_migration SET sha256 = 'x' || sha256 WHERE version = 3")
    fails_at_once(database)
    log = database.cluster.kubectl("logs", "job/bill-inquiry-db-init")
    assert "V0003__tables.sql was changed after it was applied" in log
    database.cluster.sql("UPDATE audit.schema_migration SET sha256 = substr(sha256, 2) WHERE version = 3")
    assert "STATUS: deployed" in database.upgrade()


def test_a_rollback_after_a_rotation_brings_the_old_passwords_back(database: Release) -> None:
    def logs_in(role: str, password: str) -> bool:
        return database.ask("client", "psql -Atc 'SELECT 1'", {"PGUSER": role, "PGPASSWORD": password})[0]

    old = database.passwords()
    given = {"postgresPassword": "rotated postgres", "roles": {"bill_inquiry_user": {"password": "rotated service"}}}
    database.upgrade({"auth": given})
    assert logs_in("postgres", "rotated postgres")
    assert logs_in("bill_inquiry_user", "rotated service")
    database.cluster.helm("rollback", database.name, "--wait")
    assert database.passwords() == old
    found = {role: (logs_in(role, old[role]), logs_in(role, f"rotated {what}"))
             for role, what in (("postgres", "postgres"), ("bill_inquiry_user", "service"))}  # fmt: skip
    assert found == {"postgres": (True, False), "bill_inquiry_user": (True, False)}
