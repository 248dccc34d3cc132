"""Refusals of what CloudNativePG does by itself, of a cluster without its operator, and of an engine without the data."""

from typing import Any

import pytest

from harness.chart import render
from harness.stub_cluster import CLOUDNATIVEPG, KINDS, SNAPSHOTS
from tests.values.looking import SERVER, claim, look, named, problems, secret
from tests.values.test_problems import problems as without_cluster

OWN: dict[str, Any] = {"engine": "cloudnativepg"}
ARCHIVE = {"enabled": True, "s3": {"endpoint": "https://s3.example.com", "bucket": "bills"}}
KNOWN = [*KINDS, *CLOUDNATIVEPG]
NEW = {"properties": {"spec": {"properties": {"serviceAccountName": {"type": "string"}}}}}
OLD = {"properties": {"spec": {"properties": {"instances": {"type": "integer"}}}}}
# What its webhook lets nobody set (FixedConfigurationParameters of pkg/postgres/configuration.go, 1.30), but for two that have
# tests of their own.
FIXED = (
    "allow_system_table_mods", "archive_cleanup_command", "archive_command", "archive_mode", "bonjour", "bonjour_name",
    "cluster_name", "config_file", "data_directory", "data_sync_retry", "event_source", "external_pid_file", "hba_file",
    "hot_standby", "ident_file", "jit_provider", "listen_addresses", "log_directory", "log_file_mode", "log_filename",
    "log_rotation_age", "log_rotation_size", "log_truncate_on_rotation", "logging_collector",
    "pg_failover_slots.primary_dsn", "pg_failover_slots.standby_slot_names", "port", "primary_conninfo",
    "primary_slot_name", "promote_trigger_file", "recovery_end_command", "recovery_min_apply_delay", "recovery_target",
    "recovery_target_action", "recovery_target_inclusive", "recovery_target_lsn", "recovery_target_name",
    "recovery_target_time", "recovery_target_timeline", "recovery_target_xid", "restart_after_crash", "restore_command",
    "ssl", "ssl_ca_file", "ssl_cert_file", "ssl_crl_file", "ssl_dh_params_file", "ssl_ecdh_curve", "ssl_key_file",
    "ssl_passphrase_command", "ssl_passphrase_command_supports_reload", "ssl_prefer_server_ciphers", "stats_temp_directory",
    "synchronized_standby_slots", "synchronous_standby_names", "syslog_facility", "syslog_ident", "syslog_sequence_numbers",
    "syslog_split_messages", "temp_tablespaces", "unix_socket_directories", "unix_socket_group", "unix_socket_permissions",
)  # fmt: skip


def crd(schema: dict[str, Any]) -> dict[str, Any]:
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]
    return named("CustomResourceDefinition", "clusters.postgresql.cnpg.io", spec={"versions": versions})


@pytest.mark.parametrize("key", [
    "persistence.existingClaim", "persistence.labels", "persistence.annotations", "extraContainers", "extraVolumes",
    "extraVolumeMounts",
])  # fmt: skip
def test_what_is_of_the_charts_own_pod_is_refused(key: str) -> None:
    given: dict[str, Any] = {
        "persistence.existingClaim": "mine",
        "persistence.labels": {"a": "b"},
        "persistence.annotations": {"a": "b"},
        "extraContainers": [{"name": "x", "image": "y"}],
        "extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/x"}],
    }
    outer, _, inner = key.partition(".")
    values = {outer: {inner: given[key]} if inner else given[key]}
    assert without_cluster(OWN | values) == [
        f"{key}: given, and engine is cloudnativepg, which makes the servers' pods and volumes itself; remove it, or say it in "
        "its words in cloudnativepg.spec"
    ]


@pytest.mark.parametrize("volumes", ["walStorage", "tablespaces"])
def test_snapshots_of_several_volumes_want_an_archive_or_a_server_that_stands_still(volumes: str) -> None:
    several = {volumes: {"size": "1Gi"}}
    snapshots = OWN | {"snapshots": {"class": "daily"}}
    assert without_cluster(snapshots | {"cloudnativepg": {"spec": several}}) == [
        f"cloudnativepg.spec.{volumes}: given, and snapshots.class is daily: snapshots of several volumes are not of one moment; "
        "enable cloudnativepg.archive, or set cloudnativepg.spec.backup.volumeSnapshot.online to false"
    ]
    cold = several | {"backup": {"volumeSnapshot": {"online": False}}}
    for values in ({"spec": cold}, {"spec": several, "archive": ARCHIVE}):
        assert render(snapshots | {"cloudnativepg": values})
    assert render(OWN | {"cloudnativepg": {"spec": several}}), "without snapshots"


def test_a_snapshot_that_is_not_there_is_refused_as_long_as_there_is_no_cluster() -> None:
    values = OWN | {"cloudnativepg": {"recovery": {"snapshot": "of-monday"}}}
    assert problems(values, crd(NEW), kinds=KNOWN) == [
        "cloudnativepg.recovery.snapshot: of-monday, but this cluster does not know snapshot.storage.k8s.io/v1; install the "
        "snapshot controller and its CRDs first (docs/snapshots.md)"
    ]
    kinds = [*KNOWN, *SNAPSHOTS]
    assert problems(values, crd(NEW), kinds=kinds) == [
        "cloudnativepg.recovery.snapshot: no VolumeSnapshot of-monday in namespace phonebill-dev; name one that kubectl get "
        "volumesnapshot -n phonebill-dev lists"
    ]
    assert ("Cluster", SERVER) in look(values, crd(NEW), named("VolumeSnapshot", "of-monday"), kinds=kinds)
    made = {"bootstrap": {"recovery": {"volumeSnapshots": {"storage": {"name": "of-monday"}}}}}
    assert ("Cluster", SERVER) in look(values, crd(NEW), named("Cluster", SERVER, spec=made), kinds=kinds, upgrade=True)


@pytest.mark.parametrize(("values", "problem"), [
    ({"persistence": {"mountPath": "/data"}},
     "persistence.mountPath: /data, and engine is cloudnativepg, which has a place of its own; remove it"),
    ({"service": {"port": 5433}},
     "service.port: 5433, and engine is cloudnativepg, whose servers listen at 5432 only; set it to 5432"),
    ({"tls": {"mode": "disabled"}},
     "tls.mode: disabled, and engine is cloudnativepg, whose servers copy from one another over TLS; choose another mode"),
    ({"image": {"profile": "assigned"}},
     "image.profile: assigned, and engine is cloudnativepg, which wants to know the user id; set image.user"),
    ({"auth": {"existingSecret": "mine"}},
     "auth.roles.postgres.existingSecret: empty, and auth.existingSecret is mine, where CloudNativePG cannot find the "
     "superuser's password; name a Secret of type kubernetes.io/basic-auth with username postgres and that password, or set "
     "auth.superuserFromNetwork to false"),
    ({"postgresql": {"parameters": {"archive_mode": "on"}}},
     "postgresql.parameters.archive_mode: on, and engine is cloudnativepg, which sets it itself; remove it"),
    ({"postgresql": {"parameters": {"log_destination": "csvlog"}}},
     "postgresql.parameters.log_destination: csvlog, and engine is cloudnativepg, which sets it itself; remove it"),
    ({"cloudnativepg": {"archive": {"enabled": True, "type": "azure", "azure": {"container": "bills"}}}},
     "cloudnativepg.archive.azure.account: empty, and cloudnativepg.archive.type is azure; say which account the "
     "archive is in"),
    ({"cloudnativepg": {"archive": {"enabled": True, "type": "azure", "azure": {
        "account": "billing", "container": "bills", "endpointSuffix": "core.chinacloudapi.cn"}}}},
     "cloudnativepg.archive.existingSecret: empty, and cloudnativepg.archive.azure.endpointSuffix is core.chinacloudapi.cn, "
     "where Barman logs in by a connection string alone; name a Secret with AZURE_STORAGE_CONNECTION_STRING"),
    ({"cloudnativepg": {"recovery": {"from": "orders"}}},
     "cloudnativepg.recovery.from: orders, but cloudnativepg.archive.enabled is false, and nothing says where the archive is; "
     "set that to true"),
    ({"cloudnativepg": {"archive": ARCHIVE, "recovery": {"from": SERVER}}},
     f"cloudnativepg.recovery.from: {SERVER}, which this database would archive to itself, over what it is made of; give it "
     "another name with cloudnativepg.archive.name"),
    ({"cloudnativepg": {"archive": ARCHIVE, "recovery": {"snapshot": "of-monday"}}},
     "cloudnativepg.recovery.snapshot: of-monday, but cloudnativepg.archive.enabled is true and cloudnativepg.recovery.from is "
     "empty, and the new database would go on writing the archive of the one that the snapshot is of, over it; set "
     "cloudnativepg.recovery.from to that one's name in the archive, or cloudnativepg.archive.enabled to false"),
    ({"postgresql": {"parameters": {"shared_buffers": 16384}}},
     "postgresql.parameters.shared_buffers: 16384, which PostgreSQL counts in pages of 8kB and CloudNativePG in MB; set it to "
     "131072kB"),
    ({"postgresql": {"parameters": {"wal_level": "minimal"}}},
     "postgresql.parameters.wal_level: minimal, and engine is cloudnativepg, which archives and copies the WAL; remove it"),
    ({"postgresql": {"parameters": {"wal_log_hints": "off"}}},
     "postgresql.parameters.wal_log_hints: off, but pg_rewind, by which a primary of before comes back, needs them; remove it, "
     "or set cloudnativepg.instances to 1"),
    ({"cloudnativepg": {"spec": {"postgresql": {"parameters": {"archive_mode": "on"}}}}},
     "cloudnativepg.spec.postgresql.parameters.archive_mode: on, and engine is cloudnativepg, which sets it itself; remove it"),
    ({"cloudnativepg": {"pooler": {"enabled": True, "resources": {"requests": {"memory": "1Gi"}}}}},
     "cloudnativepg.pooler.resources.requests.memory: 1Gi is more than cloudnativepg.pooler.resources.limits.memory, 128Mi; "
     "lower the one or raise the other"),
    ({"cloudnativepg": {"recovery": {"until": "2026-11-24T10:15:00+09:00"}}},
     "cloudnativepg.recovery.until: 2026-11-24T10:15:00+09:00, but cloudnativepg.recovery.from is empty; name the database "
     "in the archive there"),
    ({"image": {"tag": "bookworm"}},
     'image.tag: "bookworm", and engine is cloudnativepg, which reads the version of PostgreSQL there, beside a digest too; '
     "begin it with the version, as 17"),
    ({"resources": {"requests": {"memory": "200Mi"}}},
     "resources.requests.memory: 200Mi, but shared_buffers alone are 256Mi, and engine is cloudnativepg, which wants them set "
     "aside; raise it, or lower postgresql.parameters.shared_buffers"),
], ids=lambda value: str(value)[:40])  # fmt: skip
def test_what_cannot_hold_is_refused_by_its_name(values: dict[str, Any], problem: str) -> None:
    assert without_cluster(OWN | values) == [problem]


@pytest.mark.parametrize("image", [{"tag": 17}, {"tag": "17.5-bookworm"}, {"tag": "17", "digest": f"sha256:{'a' * 64}"}], ids=str)
def test_a_tag_that_begins_with_the_version_serves(image: dict[str, Any]) -> None:
    assert render(OWN | {"image": image})


def test_memory_that_nobody_asks_for_is_not_compared() -> None:
    assert render(OWN | {"resources": {"requests": {"memory": None}}})


def test_every_setting_that_cloudnativepg_has_to_itself_is_refused() -> None:
    found = without_cluster(OWN | {"postgresql": {"parameters": dict.fromkeys(FIXED, "x")}})
    assert {line.partition(":")[0].removeprefix("postgresql.parameters.") for line in found} == set(FIXED)
    own = "x, and engine is cloudnativepg, which sets it itself; remove it"
    assert "postgresql.parameters.syslog_ident: " + own in found
    assert "postgresql.parameters.temp_tablespaces: " + own in found


def test_the_superusers_secret_has_the_keys_that_the_operator_reads() -> None:
    own = {"existingSecret": "superuser", "existingSecretKey": "postgres-password"}
    assert without_cluster(OWN | {"auth": {"roles": {"postgres": own}}}) == [
        "auth.roles.postgres.existingSecretKey: postgres-password, and engine is cloudnativepg, which reads the keys username "
        "and password of superuser; set it to password"
    ]
    assert render(OWN | {"auth": {"roles": {"postgres": own}, "superuserFromNetwork": False}})
    values = OWN | {"auth": {"roles": {"postgres": {"existingSecret": "superuser"}}}}
    assert problems(values, crd(NEW), secret("superuser", "password"), kinds=KNOWN) == [
        "auth.roles.postgres.existingSecret: the Secret superuser has no key username; its keys are: password; add it, or set "
        "auth.waitForSecrets when it comes later"
    ]
    assert look(values, crd(NEW), secret("superuser", "password", "username"), kinds=KNOWN)


def test_the_jobs_account_is_not_that_of_the_servers() -> None:
    assert without_cluster(OWN | {"serviceAccount": {"name": SERVER}}) == [
        f"serviceAccount.name: {SERVER}, which is the ServiceAccount of CloudNativePG's servers; choose another name for that of "
        "the Jobs"
    ]
    assert render({"serviceAccount": {"name": SERVER}})


@pytest.mark.parametrize(("port", "ports", "refused"), [(6443, [], False), (8443, [], True), (8443, [8443], False)])
def test_the_policies_let_the_servers_reach_the_api_where_it_listens(port: int, ports: list[int], refused: bool) -> None:
    slice_ = named("EndpointSlice", "kubernetes", {}, ports=[{"name": "https", "port": port}])
    slice_["metadata"]["namespace"] = "default"
    values = OWN | {"networkPolicy": {"apiServerPorts": [443, 6443, *ports]}}
    if not refused:
        assert look(values, crd(NEW), slice_, kinds=KNOWN)
        return
    assert problems(values, crd(NEW), slice_, kinds=KNOWN) == [
        "networkPolicy.apiServerPorts: 443, 6443, but this cluster's API server listens at 8443, and neither the servers nor "
        "their Jobs would reach it; add 8443"
    ]
    without = values | {"networkPolicy": {"enabled": False}}
    assert look(without, crd(NEW), slice_, kinds=KNOWN)


def test_a_secret_of_the_superusers_own_serves_beside_one_for_all_others() -> None:
    roles = {"roles": {"postgres": {"existingSecret": "superuser"}}}
    assert render(OWN | {"auth": {"existingSecret": "mine"} | roles})
    assert render(OWN | {"auth": {"existingSecret": "mine", "superuserFromNetwork": False}})


def test_without_the_operator_or_with_an_older_one_nothing_is_made() -> None:
    assert problems(OWN) == [
        "engine: cloudnativepg, but this cluster does not know Cluster of postgresql.cnpg.io/v1; install the CloudNativePG "
        "operator first, 1.30 or newer (docs/high-availability.md)"
    ]
    assert problems(OWN, crd(OLD), kinds=KNOWN) == [
        "engine: cloudnativepg, but the Cluster that this cluster knows is of an operator before 1.30, without "
        "serviceAccountName; upgrade the CloudNativePG operator first"
    ]
    assert ("Cluster", SERVER) in look(OWN, crd(NEW), kinds=KNOWN)
    assert look(OWN | {"storageClass": {"create": False}}, crd(OLD), kinds=KNOWN), "no cluster-wide object is looked at"


def test_an_archive_without_the_plugin_is_refused() -> None:
    assert problems(OWN | {"cloudnativepg": {"archive": ARCHIVE}}, crd(NEW), kinds=KNOWN) == [
        "cloudnativepg.archive.enabled: true, but this cluster does not know ObjectStore of barmancloud.cnpg.io/v1; install the "
        "Barman Cloud plugin beside the operator first (docs/point-in-time-recovery.md)"
    ]


@pytest.mark.parametrize("upgrade", [False, True])
def test_an_engine_without_the_data_is_refused(upgrade: bool) -> None:
    assert problems(OWN, crd(NEW), claim(), kinds=KNOWN, upgrade=upgrade) == [
        f"engine: cloudnativepg, but the data are on the claim {SERVER}-pvc of namespace phonebill-dev and would stay behind; "
        "set engine to statefulset, or move them by a backup (docs/high-availability.md)"
    ]
    cluster = named("Cluster", SERVER)
    assert problems({}, crd(NEW), cluster, kinds=KNOWN, upgrade=upgrade) == [
        f"engine: statefulset, but the data are in CloudNativePG's Cluster {SERVER} of namespace phonebill-dev; set engine to "
        "cloudnativepg, or move them (docs/high-availability.md)"
    ]
    assert ("Cluster", SERVER) in look(OWN, crd(NEW), cluster, claim(), kinds=KNOWN, upgrade=upgrade)
    assert ("StatefulSet", SERVER) in look({}, crd(NEW), claim(), kinds=KNOWN, upgrade=upgrade)


def test_a_backup_brings_the_data_along_when_the_engine_is_installed() -> None:
    moved = OWN | {"restore": {"from": "latest"}}
    kept = [claim(), claim(f"{SERVER}-backup-pvc"), secret(f"{SERVER}-backup-secret", "password")]
    assert ("Cluster", SERVER) in look(moved, crd(NEW), *kept, kinds=KNOWN)
    assert "would stay behind" in problems(moved, crd(NEW), *kept, kinds=KNOWN, upgrade=True)[0]
