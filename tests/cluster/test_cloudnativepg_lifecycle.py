"""Three of CloudNativePG's servers with the default values, from their installation to another release that takes them over.

What is proven of the StatefulSet's server holds for them, by the same tests. PostgreSQL 14 is the default: its stand-in has no
pg_rewind, so that no server could come back after a failover. Other modules have 17.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from harness.kubernetes import Cluster
from harness.local import images, node
from harness.local.cluster import load
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret
from harness.on_cluster.working import Worker
from harness.waiting import wait_for
from tests.cluster import test_isolation, test_migrations, test_retention_jobs, test_server, test_upgrade
from tests.cluster.test_access import (  # noqa: F401 - collected here once more, and so are those below
    Doors,
    around,
    test_client_gets_what_the_table_says,
)
from tests.cluster.test_audit import (  # noqa: F401
    test_a_failed_login_is_in_the_log,
    test_a_login_leaves_role_database_address_and_application,
)
from tests.cluster.test_isolation import (  # noqa: F401
    API,
    DNS,
    SERVER,
    elsewhere,
    knock,
    test_the_servers_image_is_read_only,
)
from tests.cluster.test_rotation import (  # noqa: F401
    test_a_ca_near_its_end_is_renewed_with_its_key_so_that_old_clients_stay_valid,
    test_the_superusers_password_is_rotated,
    worker,
)
from tests.cluster.test_server import (  # noqa: F401
    settings,
    test_extensions_are_there,
    test_helm_test_passes,
    test_korean_text_comes_back_and_sorts_in_dictionary_order,
    test_memory_for_parallel_queries_is_larger_than_the_runtime_gives,
    test_schema_job_created_the_five_tables,
    test_schema_job_inserted_the_thirteen_rows,
    test_server_understood_every_line_of_its_configuration,
)

pytestmark = pytest.mark.local_node
# The engine, and less of the machine than the default values set aside.
VALUES = {"engine": "cloudnativepg", "resources": {"requests": {"cpu": "50m", "memory": "512Mi"}}}
ITS_OWN = {"log_destination": "csvlog", "data_directory": "/var/lib/postgresql/data/pgdata"}


@pytest.fixture(scope="module")
def database(cloudnativepg: None, namespaces: Callable[[str], Cluster]) -> Iterator[Release]:
    """Three servers of the default values."""
    running = node.first()
    load(running, images.archives(("14",)))
    made = namespaces("billdb-cloudnativepg-lifecycle")
    release = Release(Cluster(made.kubeconfig, made.namespace, pod=f"{NAME}-1", container="postgres"), base=VALUES)
    release.install()
    Instances(release).wait_healthy()
    yield release
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")
    replace(release, name="other").remove()


@pytest.fixture(scope="module")
def doors(database: Release, namespaces: Callable[[str], Cluster]) -> Doors:
    """Client pods around the primary."""
    return replace(around(database, namespaces("billdb-cloudnativepg-elsewhere")), socket="/controller/run")


@pytest.fixture(scope="module")
def kept(database: Release) -> Instances:
    """The servers, with data of their own."""
    database.cluster.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    return Instances(database)


def test_the_settings_in_effect_are_the_same_but_for_cloudnativepgs_own(settings: dict[str, str]) -> None:  # noqa: F811
    assert {name: settings[name] for name in test_server.SETTINGS} == test_server.SETTINGS | ITS_OWN


def test_a_server_reaches_dns_the_api_and_the_other_servers_and_nothing_else(
    database: Release,
    elsewhere: list[str],  # noqa: F811
) -> None:
    found = knock(database, database.cluster.pod, *elsewhere, DNS, SERVER)
    assert found == dict.fromkeys(elsewhere, "closed") | {API: "open", DNS: "open", SERVER: "open"}
    test_isolation.test_a_pod_of_a_job_reaches_dns_and_the_server_and_nothing_else(database, elsewhere, "schema")


@pytest.mark.parametrize(
    "holds",
    [
        test_migrations.test_pod_of_the_job_that_is_killed_in_a_migration_is_followed_by_one_that_ends_it,
        test_migrations.test_job_that_takes_too_long_fails_the_release_and_its_log_stays,
        test_retention_jobs.test_run_by_hand_deletes_what_is_too_old_and_says_so,
        test_retention_jobs.test_run_without_its_setting_fails_and_names_it,
        test_upgrade.test_a_failed_migration_fails_the_release_at_once_and_a_correct_upgrade_mends_it,
        test_upgrade.test_a_released_migration_that_was_changed_stops_the_upgrade_before_anything_is_applied,
        test_upgrade.test_a_rollback_after_a_rotation_brings_the_old_passwords_back,
    ],
    ids=lambda test: test.__name__.removeprefix("test_"),
)
def test_what_writes_to_the_database_does_it_here_too(database: Release, holds: Callable[[Release], None]) -> None:
    try:
        holds(database)
    finally:  # each has a migration 9001 of its own
        database.cluster.sql("DROP TABLE IF EXISTS slow, mine; DELETE FROM audit.schema_migration WHERE version > 9000")


def test_a_changed_value_reaches_every_server_without_a_restart_and_a_rollback_takes_it_back(kept: Instances) -> None:
    before = kept.lives()

    def wait_until(work_mem: str) -> None:
        found = "SELECT current_setting('work_mem')"
        wait_for(lambda: {kept.sql(found, pod) for pod in before} == {work_mem}, f"{work_mem} everywhere", seen=kept.told)

    kept.release.upgrade({"postgresql": {"parameters": {"work_mem": "5MB"}}})
    wait_until("5MB")
    kept.release.cluster.helm("rollback", kept.release.name, "--wait")
    wait_until("4MB")
    kept.wait_healthy()
    assert (kept.sql("SELECT answer FROM kept"), kept.lives()) == ("42", before)


def test_an_uninstall_takes_nothing_from_clients_and_the_next_install_finds_the_servers(kept: Instances) -> None:
    release, before, passwords = kept.release, kept.lives(), kept.release.passwords()
    client = Worker(release.cluster, secret(release, f"{NAME}-tls")["ca.crt"], passwords["bill_inquiry_user"])
    release.cluster.helm("uninstall", release.name, "--wait")
    client.wait_for_turns(5)
    release.install()
    client.wait_for_turns(5)
    release.cluster.helm("uninstall", release.name, "--wait")
    other = replace(release, name="other")
    [refusal] = other.refused("install")
    assert f" cluster/{NAME} networkpolicy/{NAME} networkpolicy/{NAME}-instances " in refusal
    other.cure(refusal)
    other.install(program="helm3")
    client.wait_for_turns(5)
    assert client.stop() == []
    kept.wait_healthy()
    assert (kept.sql("SELECT answer FROM kept"), kept.lives(), other.passwords()) == ("42", before, passwords)
    assert "STATUS: deployed" in other.upgrade(program="helm3")
    assert "Succeeded" in other.cluster.helm("test", other.name, program="helm3")
