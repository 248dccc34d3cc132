"""Every query of the dashboard, asked as Grafana asks it, of a real Prometheus beside a release under load."""

import os
import time
from collections.abc import Iterator, Mapping
from functools import partial

import pytest

from harness import paths
from harness.dashboard import pooler, replication
from harness.dashboard.asking import Looking, Series, dashboard
from harness.on_cluster import csi
from harness.on_cluster.backups import BACKUP, ended, start
from harness.on_cluster.inquiring import inquire
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for

pytestmark = pytest.mark.local_node  # a CSI driver for tests runs in it, and Prometheus

ANSWERS = paths.LOCAL / "dashboard.json"  # `nox -s picture` draws them
SECONDS = 60 * float(os.environ.get("BILLDB_DASHBOARD_MINUTES", "1"))
VALUES = {
    "metrics": {"monitor": {"interval": "15s"}},  # as a person has it: what is scraped is cached for as long, or longer
    "persistence": {"storageClass": csi.CLASS, "size": "1Gi"},
    "snapshots": {"class": csi.CLASS},
}
RUNS = {"check": f"{BACKUP}-check", "drill": "bill-inquiry-drill", "snapshot": "bill-inquiry-snapshot"}
HERE = 'namespace="billdb-dashboard"'
Panels = Mapping[int, Mapping[str, list[Series]]]


@pytest.fixture(scope="module")
def looked(csi_driver: None, exporter_image: None, monitoring: Monitoring, release: Release) -> Iterator[Looking]:
    """A time in which the release was asked, backed up, checked and tried, and had a slot that nobody reads."""
    release.install(VALUES)
    release.upgrade(merged(WATCHED, VALUES))  # and not at once: what an exporter did not find is away as long as it caches it
    monitoring.wait_watched(release)
    begin = time.time()
    inquire(release)
    start(release, BACKUP, "backup")
    ended(release, "backup")
    for kind, cronjob in RUNS.items():
        start(release, cronjob, kind)
    for kind in RUNS:
        ended(release, kind)
    release.cluster.sql("SELECT pg_create_physical_replication_slot('nobody', true)")
    for wanted in (
        f'billdb_slot_retained_bytes{{slot="nobody",{HERE}}}',
        f"count(billdb_run_succeeded{{{HERE}}} == 1) == {1 + len(RUNS)}",
        f"count_over_time(kubelet_volume_stats_used_bytes{{{HERE}}}[1m]) > 1",
    ):
        wait_for(partial(monitoring.query, wanted), wanted, 240, every=1)
    # A curve has a point every quarter of a minute: all of it is there for longer.
    for moment in (time.time() + 45, begin + SECONDS):
        later = f"timestamp(pg_up{{{HERE}}}) > {moment}"
        wait_for(partial(monitoring.query, later), later, 240 + SECONDS, every=1)
    yield Looking(monitoring.ask, begin, time.time())
    release.cluster.kubectl("delete", "volumesnapshots", "--all")


@pytest.fixture(scope="module")
def variables(looked: Looking, release: Release) -> dict[str, str]:
    """The dashboard's variables, when the namespace of the release is chosen."""
    return looked.variables(namespace=release.cluster.namespace)


@pytest.fixture(scope="module")
def panels(looked: Looking, variables: Mapping[str, str]) -> Panels:
    """What every panel shows; kept for the picture."""
    shown = looked.panels(variables)
    ANSWERS.write_text(looked.kept(variables, shown))
    return shown


def test_the_variables_find_the_server_and_its_volume(variables: Mapping[str, str]) -> None:
    assert variables == {
        "namespace": "billdb-dashboard",
        "server": "postgresql-bill-inquiry",
        "claim": "postgresql-bill-inquiry-pvc",
    }


def test_every_query_of_every_panel_gives_data(panels: Panels) -> None:
    """But for CloudNativePG's instances and their pooler, which a StatefulSet has none of: tests of their alerts ask for them."""
    titles = {panel["id"]: panel["title"] for panel in dashboard()["panels"]}
    of_instances = {shown.build().title for shown in (*replication.panels(), *pooler.panels())}
    empty = {
        f"{titles[id]}: {legend}"
        for id, queries in panels.items()
        for legend, series in queries.items()
        if not series and titles[id] not in of_instances
    }
    assert (empty, len(panels) > 30) == (set(), True)


def test_the_numbers_at_the_top_are_those_of_the_server(panels: Panels, release: Release) -> None:
    first = [panel for panel in dashboard()["panels"] if panel["gridPos"]["y"] == 0]
    shown = {panel["title"].partition(" (")[0]: next(iter(panels[panel["id"]].values()))[0].values[-1][1] for panel in first}
    sessions = int(release.cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    assert shown["Server"] == 1
    assert shown["Connections"] == pytest.approx(sessions, abs=4)
    assert {title for title, value in shown.items() if not 0 < value < 100} == set()


def test_runs_certificates_and_the_schema_are_told_by_their_names(panels: Panels, release: Release) -> None:
    titles = {panel["id"]: panel["title"] for panel in dashboard()["panels"]}
    named = {titles[id]: {one.legend for series in queries.values() for one in series} for id, queries in panels.items()}
    newest = release.cluster.sql("SELECT max(version) FROM audit.schema_migration")
    assert named["Results"] >= {"backup", *RUNS}
    assert named["Days until certificates end"] >= {"server", "ca"}
    [schema] = named["Schema"]
    assert newest in schema
