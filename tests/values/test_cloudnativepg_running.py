"""Refusals of what a Cluster of CloudNativePG's that is there cannot become in place."""

from typing import Any

import pytest

from harness.chart import render
from harness.stub_cluster import SNAPSHOTS
from tests.render.reading import plain
from tests.values.looking import SERVER, look, named, problems
from tests.values.test_cloudnativepg_kept import KNOWN
from tests.values.test_cloudnativepg_problems import ARCHIVE, NEW, OWN, crd

ARCHIVED = OWN | {"cloudnativepg": {"archive": ARCHIVE}}
POD: dict[str, Any] = {"spec": {"template": {"spec": {"volumes": []}}}}


def running(values: dict[str, Any], data: int | None = None, name: str = SERVER) -> dict[str, Any]:
    """The Cluster that these values made, with the data of this major version; without one the operator has not said it yet."""
    status: dict[str, Any] = {"status": {"pgDataImageInfo": {"majorVersion": data}}} if data else {}
    return named("Cluster", name, spec=plain(render(values)["Cluster", SERVER]["spec"]), **status)


def of(tag: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """Values with this image's tag."""
    return (values or OWN) | {"image": {"tag": tag}}


RESERVED = {"postgresql": {"parameters": {"reserved_connections": 3}}}


def test_a_setting_does_not_come_together_with_a_new_major_version_whose_old_server_may_not_know_it() -> None:
    own = OWN | {"cloudnativepg": {"spec": {"postgresql": {"parameters": {"work_mem": "9MB"}}}}}
    cluster = running(of("16", own))
    version = of("17", own)
    assert look(version, crd(NEW), cluster, kinds=KNOWN, upgrade=True)
    assert problems(version | RESERVED, crd(NEW), cluster, kinds=KNOWN, upgrade=True) == [
        "postgresql.parameters.reserved_connections: 3 comes together with PostgreSQL 17, but the server of PostgreSQL 16 starts "
        "once more with it, and may not know it; change one of them at a time, each with a helm upgrade"
    ]


def test_a_setting_does_not_come_together_with_another_image_where_another_server_takes_over() -> None:
    cluster = running(of("16.4"))
    newer = of("16.5")
    assert look(newer, crd(NEW), cluster, kinds=KNOWN, upgrade=True)
    assert look(of("16.4") | RESERVED, crd(NEW), cluster, kinds=KNOWN, upgrade=True)
    assert problems(newer | RESERVED, crd(NEW), cluster, kinds=KNOWN, upgrade=True) == [
        "postgresql.parameters.reserved_connections: 3 comes together with the image docker.io/library/postgres:16.5, and "
        "CloudNativePG takes one of them at a time where another server takes the primary's place; change one at a time, each "
        "with a helm upgrade"
    ]
    alone = {"cloudnativepg": {"instances": 1}}
    assert look(newer | RESERVED | alone, crd(NEW), running(of("16.4") | alone), kinds=KNOWN, upgrade=True)


def recovering(**recovery: str) -> dict[str, Any]:
    """Values of a database that begins with another one of the archive, or with a snapshot."""
    return OWN | {"cloudnativepg": {"archive": ARCHIVE | {"name": "bills-again"}, "recovery": recovery}}


MOMENT, LATER = "2026-11-24T10:15:00+09:00", "2026-11-24T11:15:00+09:00"
SNAPSHOT = {"from": "bills", "snapshot": "nightly"}


@pytest.mark.parametrize("recovery", [{"from": "bills"}, {"from": "bills", "until": MOMENT}, SNAPSHOT], ids=str)
def test_a_recovery_is_asked_for_when_a_cluster_is_made_and_may_stay_in_its_values(recovery: dict[str, str]) -> None:
    values = recovering(**recovery)
    kinds = [*KNOWN, *SNAPSHOTS]
    assert look(values, crd(NEW), running(values), kinds=kinds, upgrade=True)
    plain_one = running(OWN | {"cloudnativepg": {"archive": ARCHIVE | {"name": "bills-again"}}})
    found = problems(values, crd(NEW), plain_one, kinds=kinds, upgrade=True)
    assert found == [
        f"cloudnativepg.recovery.{key}: {value}, but CloudNativePG's Cluster {SERVER} is there and began with none: it is looked "
        "at when a Cluster is made, and never again; remove it, or recover in another namespace (docs/point-in-time-recovery.md)"
        for key, value in sorted(recovery.items())
    ]
    for key in recovery:
        another = LATER if key == "until" else "other"
        [other] = problems(recovering(**recovery | {key: another}), crd(NEW), running(values), kinds=kinds, upgrade=True)
        assert other.startswith(f"cloudnativepg.recovery.{key}: {another}, but ")
        assert f"began with {recovery[key]}: " in other


@pytest.mark.parametrize(("tag", "refused"), [("16", True), ("17", False), ("18", False)])
def test_there_is_no_way_down_to_an_older_version_in_place(tag: str, refused: bool) -> None:
    cluster = named("Cluster", SERVER, spec={"imageName": "docker.io/library/postgres:17"})
    values = OWN | {"image": {"tag": tag}}
    if not refused:
        assert look(values, crd(NEW), cluster, kinds=KNOWN, upgrade=True)
        return
    assert problems(values, crd(NEW), cluster, kinds=KNOWN, upgrade=True) == [
        f"image.tag: PostgreSQL 16, but CloudNativePG's Cluster {SERVER} has the data of PostgreSQL 17, and there is no way "
        "down in place; set it to 17, or restore a backup of before (docs/upgrades.md)"
    ]


def test_a_failed_upgrade_is_taken_back_as_long_as_the_data_are_of_before() -> None:
    failed = running(of("17"), data=16)
    assert look(of("16"), crd(NEW), failed, kinds=KNOWN, upgrade=True)
    assert look(of("17"), crd(NEW), failed, kinds=KNOWN, upgrade=True), "or tried again"
    assert "has the data of PostgreSQL 17" in problems(of("16"), crd(NEW), running(of("17"), 17), kinds=KNOWN, upgrade=True)[0]


def test_the_operator_upgrades_to_16_and_newer_only() -> None:
    assert problems(of("15"), crd(NEW), running(of("14"), 14), kinds=KNOWN, upgrade=True) == [
        f"image.tag: PostgreSQL 15, but CloudNativePG's Cluster {SERVER} has the data of PostgreSQL 14, and the operator "
        "upgrades to 16 and newer only; set it to 16 or more"
    ]
    assert look(of("16"), crd(NEW), running(of("14"), 14), kinds=KNOWN, upgrade=True)


@pytest.mark.parametrize(("tag", "refused"), [("17.0", True), ("17.5-bookworm", True), ("17.6", False), ("17.10", False),
                                              ("17", False), ("18.1", False)])  # fmt: skip
def test_the_first_releases_of_17_do_not_upgrade_with_a_limit_of_slots(tag: str, refused: bool) -> None:
    before = running(of("16"), 16)
    if refused:
        assert problems(of(tag), crd(NEW), before, kinds=KNOWN, upgrade=True) == [
            f"image.tag: {tag}, whose pg_upgrade fails where max_slot_wal_keep_size is 4GB, and no server runs then; set it to "
            "17.6 or newer"
        ]
        unlimited = OWN | {"postgresql": {"parameters": {"max_slot_wal_keep_size": "-1"}}}
        before = running(of("16", unlimited), 16)
        assert look(of(tag, unlimited), crd(NEW), before, kinds=KNOWN, upgrade=True)
        return
    assert look(of(tag), crd(NEW), before, kinds=KNOWN, upgrade=True)


def test_a_new_major_version_archives_under_another_name() -> None:
    before = running(of("16", ARCHIVED), 16)
    assert problems(of("17", ARCHIVED), crd(NEW), before, kinds=KNOWN, upgrade=True) == [
        f"cloudnativepg.archive.name: {SERVER}, where the WAL of PostgreSQL 16 is, and that of PostgreSQL 17 would be written "
        f"over it; set it to another name, as {SERVER}-17, together with image.tag (docs/upgrades.md)"
    ]
    assert look(of("16.9", ARCHIVED), crd(NEW), before, kinds=KNOWN, upgrade=True), "a minor version goes on"
    renamed = OWN | {"cloudnativepg": {"archive": ARCHIVE | {"name": "bills-17"}}}
    assert look(of("17", renamed), crd(NEW), before, kinds=KNOWN, upgrade=True)
    assert look(of("17", renamed), crd(NEW), running(of("17", renamed), 16), kinds=KNOWN, upgrade=True), "tried again"


def test_two_clusters_of_a_namespace_do_not_archive_under_one_name() -> None:
    mine = OWN | {"cloudnativepg": {"archive": ARCHIVE | {"name": "bills"}}}
    other = running(mine, name="orders")
    other["metadata"]["annotations"] = {}
    store = named("ObjectStore", f"{SERVER}-archive", spec=plain(render(mine)["ObjectStore", f"{SERVER}-archive"]["spec"]))
    assert problems(mine, crd(NEW), other, store, kinds=KNOWN) == [
        "cloudnativepg.archive.name: bills, under which the Cluster orders of this namespace archives to the same place; choose "
        "another name"
    ]
    elsewhere = OWN | {"cloudnativepg": {"archive": ARCHIVE | {"name": "bills", "path": "elsewhere"}}}
    assert look(elsewhere, crd(NEW), other, store, kinds=KNOWN, upgrade=True)
    assert look(ARCHIVED, crd(NEW), other, store, kinds=KNOWN, upgrade=True)


def test_volumes_do_not_shrink_and_files_keep_their_owner() -> None:
    before = running(OWN)
    smaller = OWN | {"persistence": {"size": "10Gi"}}
    assert problems(smaller, crd(NEW), before, kinds=KNOWN, upgrade=True) == [
        f"persistence.size: 10Gi, but the volumes of CloudNativePG's Cluster {SERVER} have 20Gi and cannot shrink; set it to "
        "20Gi or more"
    ]
    assert problems(OWN | {"image": {"user": 26}}, crd(NEW), before, kinds=KNOWN, upgrade=True) == [
        f"image.user: 26, but the files of CloudNativePG's Cluster {SERVER} belong to 999, and it cannot change that; set it to "
        "999"
    ]
    assert look(OWN | {"persistence": {"size": "30Gi"}}, crd(NEW), before, kinds=KNOWN, upgrade=True)


@pytest.mark.parametrize("engine", ["cloudnativepg", "statefulset"])
def test_another_name_does_not_leave_the_cluster_behind(engine: str) -> None:
    values = {"engine": engine, "fullnameOverride": "other-db"}
    assert problems(values, crd(NEW), running(OWN), kinds=KNOWN, upgrade=True) == [
        f"fullnameOverride: it names the server other-db, but this release's server is {SERVER}, whose data would stay behind; "
        "set it back, or move them by a backup into a release of another name"
    ]
    assert look(values, crd(NEW), running(OWN), kinds=KNOWN), "an installation beside one that was kept"
    there = named("Cluster", "other-db", spec={}) if engine == "cloudnativepg" else named("StatefulSet", "other-db", **POD)
    assert look(values, crd(NEW), running(OWN), there, kinds=KNOWN, upgrade=True), "which goes on"
