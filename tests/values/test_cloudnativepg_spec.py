"""cloudnativepg.spec: what it may say over what the chart computes, and what is refused there by its path."""

from typing import Any

import pytest

from harness.chart import render
from tests.values.looking import SERVER
from tests.values.test_problems import problems

ARCHIVE = {"enabled": True, "s3": {"endpoint": "https://s3.example.com", "bucket": "bills"}}
OWNED = {
    "instances": "cloudnativepg.instances",
    "imageName": "image",
    "imageCatalogRef": "image",
    "postgresUID": "image.user",
    "postgresGID": "image.user",
    "inheritedMetadata": "podLabels and podAnnotations",
    "certificates": "tls",
    "superuserSecret": "auth.roles.postgres",
    "enableSuperuserAccess": "auth.superuserFromNetwork",
    "serviceAccountName": "",
    "serviceAccountTemplate": "serviceAccount.annotations",
    "managed": "",
    "projectedVolumeTemplate": "",
    "replica": "",
    "storage.size": "persistence.size",
    "storage.storageClass": "persistence.storageClass",
    "bootstrap.initdb.database": "",
    "bootstrap.initdb.owner": "",
    "bootstrap.initdb.secret": "",
    "bootstrap.initdb.localeCollate": "postgresql.locale",
    "bootstrap.initdb.localeCType": "postgresql.locale",
    "postgresql.pg_hba": "postgresql.hba",
    "postgresql.ldap": "postgresql.hba",
    "postgresql.shared_preload_libraries": "postgresql.parameters",
    "postgresql.parameters.password_encryption": "auth.method",
    "postgresql.parameters.ssl_min_protocol_version": "tls.minVersion",
    "postgresql.parameters.ssl_ciphers": "tls.ciphers",
    "minSyncReplicas": "cloudnativepg.spec.postgresql.synchronous",
    "maxSyncReplicas": "cloudnativepg.spec.postgresql.synchronous",
}


def nested(path: str, value: Any = "x") -> Any:
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def given(spec: Any, **others: Any) -> dict[str, Any]:
    return {"engine": "cloudnativepg", "cloudnativepg": {"spec": spec} | others}


def refusal(path: str, instead: str) -> str:
    return f"cloudnativepg.spec.{path}: the chart itself sets it, and its other objects fit to that; remove it" + (
        f" and use {instead}" if instead else ""
    )


@pytest.mark.parametrize("path", OWNED)
def test_what_other_values_or_objects_of_the_chart_say_is_refused_by_its_path(path: str) -> None:
    assert problems(given(nested(path))) == [refusal(path, OWNED[path])]


@pytest.mark.parametrize(("path", "instead", "others"), [
    ("plugins", "cloudnativepg.archive", {"cloudnativepg": {"archive": ARCHIVE}}),
    ("backup.barmanObjectStore", "cloudnativepg.archive", {"cloudnativepg": {"archive": ARCHIVE}}),
    ("externalClusters", "cloudnativepg.recovery",
     {"cloudnativepg": {"archive": ARCHIVE | {"name": "again"}, "recovery": {"from": "orders"}}}),
    ("backup.volumeSnapshot.className", "snapshots.class", {"snapshots": {"class": "daily"}}),
    ("backup.volumeSnapshot.snapshotOwnerReference", "snapshots.keep", {"snapshots": {"class": "daily"}}),
    ("monitoring.customQueriesConfigMap", "cloudnativepg.spec.monitoring.customQueriesSecret", {"metrics": {"enabled": True}}),
], ids=lambda value: str(value)[:30])  # fmt: skip
def test_a_list_is_refused_where_the_chart_has_one_of_its_own_there_and_only_there(
    path: str, instead: str, others: dict[str, Any]
) -> None:
    spec = nested(path, [])
    cloudnativepg = {"spec": spec} | others.get("cloudnativepg", {})
    assert problems({"engine": "cloudnativepg"} | others | {"cloudnativepg": cloudnativepg}) == [refusal(path, instead)]
    assert render(given(spec))


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert sorted(problems(given({"imageName": "x", "storage": {"size": "1Gi"}}))) == [
        refusal("imageName", "image"),
        refusal("storage.size", "persistence.size"),
    ]


def test_a_map_where_the_chart_looks_for_one_may_be_anything_else() -> None:
    assert render(given({"storage": None, "postgresql": {"parameters": None}}))


def test_with_the_other_engine_nothing_of_it_is_looked_at() -> None:
    assert render({"cloudnativepg": {"spec": {"imageName": "x"}}})


@pytest.mark.parametrize(("way", "value"), [
    ("recovery", {"volumeSnapshots": {"storage": {"name": "monday"}}}),
    ("pg_basebackup", {"source": "elsewhere"}),
])  # fmt: skip
def test_a_cluster_may_begin_in_another_way_and_then_in_no_other(way: str, value: object) -> None:
    assert render(given({"bootstrap": {way: value}}))["Cluster", SERVER]["spec"]["bootstrap"] == {way: value}


def test_two_ways_to_begin_are_refused() -> None:
    two = {"recovery": {"backup": {"name": "x"}}, "pg_basebackup": {"source": "y"}}
    assert problems(given({"bootstrap": two})) == [
        "cloudnativepg.spec.bootstrap: pg_basebackup and recovery, but a Cluster begins in one way; keep one"
    ]
    assert problems(given({"bootstrap": {"initdb": {}}}, recovery={"snapshot": "of-monday"})) == [
        "cloudnativepg.spec.bootstrap: initdb and recovery, with cloudnativepg.recovery.snapshot, but a Cluster begins in one "
        "way; keep one"
    ]
    recovery = {"archive": ARCHIVE | {"name": "again"}, "recovery": {"from": "orders"}}
    assert problems(given({"bootstrap": {"initdb": {}}}, **recovery)) == [
        "cloudnativepg.spec.bootstrap: initdb and recovery, with cloudnativepg.recovery.from, but a Cluster begins in one way; "
        "keep one"
    ]
    target = {"bootstrap": {"recovery": {"recoveryTarget": {"targetXID": "700"}}}}
    assert render(given(target, **recovery))


def test_what_is_given_is_laid_over_what_the_chart_computes_also_where_it_is_false_or_nothing() -> None:
    spec = {
        "enablePDB": False,
        "stopDelay": 0,
        "affinity": {"topologyKey": "zone"},
        "topologySpreadConstraints": [],
        "postgresql": {"synchronous": None, "parameters": {"max_wal_senders": "20"}},
    }
    found = render(given(spec))["Cluster", SERVER]["spec"]
    assert (found["enablePDB"], found["stopDelay"], found["topologySpreadConstraints"]) == (False, 0, ())
    assert (found["affinity"]["topologyKey"], found["affinity"]["podAntiAffinityType"]) == ("zone", "preferred")
    assert found["postgresql"]["synchronous"] is None
    parameters = found["postgresql"]["parameters"]
    assert (parameters["max_wal_senders"], parameters["shared_buffers"]) == ("20", "256MB")
