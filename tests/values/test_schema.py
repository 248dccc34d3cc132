"""values.schema.json: what is accepted, what is refused, and what the message says."""

from typing import Any

import pytest

from harness import paths
from harness.chart import render
from harness.helm_template import RenderError

PRESETS = sorted(file.stem for file in paths.PRESETS.glob("*.yaml"))


def nested(path: str, value: Any) -> dict[str, Any]:
    """{"a": {"b": value}} for "a/b"; a key may hold dots."""
    for key in reversed(path.split("/")):
        value = {key: value}
    return value  # type: ignore[no-any-return]


REFUSED = [
    ("image/registry", "https://docker.io", "/image/registry", "does not match pattern"),
    ("image/repository", "Library/Postgres", "/image/repository", "does not match pattern"),
    ("image/tag", "14 15", "/image/tag", "does not match pattern"),
    ("image/digest", "sha256:abc", "/image/digest", "[0-9a-f]{64}"),
    ("image/pullPolicy", "Sometimes", "/image/pullPolicy", "'IfNotPresent', 'Always', 'Never'"),
    ("image/user", 0, "/image/user", "minimum: got 0, want 1"),
    ("image/pullSecrets", ["Not A Name"], "/image/pullSecrets/0", "does not match pattern"),
    ("auth/database", "bill-inquiry", "/auth/database", "^[a-z_][a-z0-9_]*$"),
    ("auth/database", "x" * 64, "/auth/database", "want 63"),
    ("auth/postgresPassword", "two\nlines", "/auth/postgresPassword", "does not match pattern"),
    ("auth/postgresPassword", 12345678, "/auth/postgresPassword", "got number, want string"),
    ("auth/method", "trust", "/auth/method", "'scram-sha-256', 'md5'"),
    ("postgresql/parameters/shared_buffers", "256XB", "/shared_buffers", "(kB|MB|GB|TB)"),
    ("postgresql/parameters/work_mem", 0, "/work_mem", "want 1"),
    ("postgresql/parameters/max_connections", 0, "/max_connections", "want 1"),
    ("postgresql/parameters/max_connections", "many", "/max_connections", "does not match pattern"),
    ("postgresql/parameters/log_statement", "everything", "/log_statement", "'none', 'ddl', 'mod', 'all'"),
    ("postgresql/parameters/log_connections", "maybe", "/log_connections", "(on|off|all|"),
    ("postgresql/parameters/log_connections", "on,receipt", "/log_connections", "(on|off|all|"),
    ("postgresql/logFormat", "csv", "/postgresql/logFormat", "'text', 'json'"),
    ("postgresql/parameters/log_min_duration_statement", "1 second", "/log_min_duration_statement", "(us|ms|s|min|h|d)"),
    ("postgresql/parameters/shared_preload_libraries", "auto_explain", "/shared_preload_libraries", "pg_stat_statements"),
    ("postgresql/parameters/application_name", "two\nlines", "/application_name", "does not match pattern"),
    ("postgresql/hba", ["permit all"], "/postgresql/hba/0", "hostssl"),
    ("postgresql/locale", "C; rm", "/postgresql/locale", "does not match pattern"),
    ("resources/limits/memory", "2GB", "/memory", "Ki|Mi|Gi"),
    ("resources/limits/memory", "512m", "/memory", "does not match pattern"),
    ("resources/limits/memory", "0Gi", "/memory", "does not match pattern"),
    ("resources/limits/memory", "1.2.3Gi", "/memory", "does not match pattern"),
    ("sharedMemorySize", "lots", "/sharedMemorySize", "does not match pattern"),
    ("resources/requests/cpu", "half", "/cpu", "does not match pattern"),
    ("probes/readiness/periodSeconds", 0, "/periodSeconds", "want 1"),
    ("terminationGracePeriodSeconds", 1, "/terminationGracePeriodSeconds", "want 10"),
    ("persistence/size", "20GB", "/persistence/size", "Ki|Mi|Gi"),
    ("persistence/accessModes", ["ReadWriteMany"], "/persistence/accessModes/0", "'ReadWriteOnce'"),
    ("persistence/accessModes", ["ReadWriteOnce", "ReadWriteOncePod"], "/persistence/accessModes", "maxItems"),
    ("persistence/mountPath", "data", "/persistence/mountPath", "^/"),
    ("storageClass/reclaimPolicy", "Recycle", "/storageClass/reclaimPolicy", "'Retain', 'Delete'"),
    ("retention/history/schedule", "daily", "/retention/history/schedule", "does not match pattern"),
    ("retention/timeZone", "", "/retention/timeZone", "does not match pattern"),
    ("retention/deadlineSeconds", 10, "/retention/deadlineSeconds", "want 60"),
    ("retention/when", "x", "at '/retention'", "'when' not allowed"),
    ("backup/schedule", "at night", "/backup/schedule", "does not match pattern"),
    ("backup/timeZone", "", "/backup/timeZone", "does not match pattern"),
    ("backup/keep/daily", 0, "/backup/keep/daily", "want 1"),
    ("backup/keep/weekly", -1, "/backup/keep/weekly", "want 0"),
    ("backup/keep/yearly", 1, "at '/backup/keep'", "'yearly' not allowed"),
    ("backup/check/readData", "all", "/backup/check/readData", "does not match pattern"),
    ("backup/repository/type", "nfs", "/backup/repository/type", "'volume', 's3', 'azure'"),
    ("backup/repository/volume/size", "20GB", "/volume/size", "Ki|Mi|Gi"),
    ("backup/repository/volume/accessModes", ["ReadOnlyMany"], "/accessModes/0", "'ReadWriteMany'"),
    ("backup/repository/s3/endpoint", "s3.example.com", "/s3/endpoint", "https?"),
    ("backup/repository/s3/endpoint", "https://s3.example.com/bucket", "/s3/endpoint", "does not match pattern"),
    ("backup/repository/s3/bucket", "My Bucket", "/s3/bucket", "does not match pattern"),
    ("backup/repository/azure/account", "my-account", "/azure/account", "does not match pattern"),
    ("backup/repository/path", "/absolute", "/repository/path", "does not match pattern"),
    ("backup/repository/to", [{}], "/repository/to/0", "minProperties"),
    ("backup/repository/password", "two\nlines", "/repository/password", "does not match pattern"),
    ("backup/deadlineSeconds", 10, "/backup/deadlineSeconds", "want 60"),
    ("backup/deadlineSeconds", 90000, "/backup/deadlineSeconds", "want 86,400"),
    ("backup/restic/image/tag", "0 19", "/restic/image/tag", "does not match pattern"),
    ("backup/resources/limits/memory", "2GB", "/memory", "Ki|Mi|Gi"),
    ("service/port", 80, "/service/port", "want 1,024"),
    ("service/type", "ExternalName", "/service/type", "'ClusterIP', 'NodePort', 'LoadBalancer'"),
    ("tls/mode", "existingSecret", "/tls/existingSecret", "minLength: got 0, want 1"),
    ("tls/existingSecret", "mine", "/tls/existingSecret", "want 0"),
    ("tls/mode", "certManager", "/tls/issuerRef/name", "want 1"),
    ("tls/mode", "certmanager", "/tls/mode", "'certManager'"),
    ("tls/issuerRef/name", "mine", "/tls/issuerRef/name", "want 0"),
    ("tls/minVersion", "TLSv1.1", "/tls/minVersion", "'TLSv1.2', 'TLSv1.3'"),
    ("tls/validityDays", 0, "/tls/validityDays", "want 1"),
    ("tls/extraNames", ["db_1.example"], "/tls/extraNames/0", "does not match pattern"),
    ("tls/reload/everySeconds", 0, "/tls/reload/everySeconds", "want 1"),
    ("image/profile", "bitnami", "/image/profile", "'bitnamilegacy'"),
    (
        "auth/roles/bill_inquiry_user",
        {"password": "x", "existingSecret": "y"},
        "/auth/roles/bill_inquiry_user/password",
        "want 0",
    ),
    ("schema/login", "peer", "/schema/login", "'certificate', 'password'"),
    ("postgresql/parameters/password_encryption", "md5", "postgresql.parameters.password_encryption", "use auth.method"),
    ("withoutCluster", "ignore", "/withoutCluster", "'refuse', 'preview'"),
    ("networkPolicy/dnsPorts", [], "/networkPolicy/dnsPorts", "minItems"),
    ("networkPolicy/dnsPorts", [0], "/networkPolicy/dnsPorts/0", "want 1"),
    ("networkPolicy/extraEgress", [{}], "/networkPolicy/extraEgress/0", "minProperties"),
    ("tls/ciphers", "a'b", "/tls/ciphers", "does not match pattern"),
    ("podLabels", {"a": "two words"}, "/podLabels/a", "does not match pattern"),
    ("extraContainers", [{"name": "x"}], "/extraContainers/0", "missing property 'image'"),
    ("topologySpreadConstraints", [{"maxSkew": 1}], "/topologySpreadConstraints/0", "missing properties"),
    ("networkPolicy/from", [{}], "/networkPolicy/from/0", "minProperties"),
    ("schema/backoffLimit", 100, "/schema/backoffLimit", "want 10"),
    ("schema/lockTries", 0, "/schema/lockTries", "want 1"),
    ("schema/extraMigrations", {"V9001__mine.sql": ""}, "V9001__mine.sql", "want 1"),
    ("schema/waitSeconds", 0, "/schema/waitSeconds", "want 1"),
    ("fullnameOverride", "x" * 41, "/fullnameOverride", "want 40"),
    ("fullnameOverride", "My DB", "/fullnameOverride", "does not match pattern"),
    ("tolerations", [{"effect": "Never"}], "/tolerations/0/effect", "'NoSchedule'"),
]


@pytest.mark.parametrize(("path", "value", "key", "right"), REFUSED, ids=[f"{path}={value!r:.30}" for path, value, *_ in REFUSED])
def test_a_wrong_value_is_refused_by_its_key_with_what_would_be_right(path: str, value: Any, key: str, right: str) -> None:
    with pytest.raises(RenderError) as refusal:
        render(nested(path, value))
    message = str(refusal.value)
    assert key in message
    assert right in message


@pytest.mark.parametrize("value", [14, 20261124, "14", "14.10", "14.23-bookworm"])
def test_a_tag_is_a_string_or_a_whole_number(value: object) -> None:
    pod = render({"image": {"tag": value}})["StatefulSet", "postgresql-bill-inquiry"]["spec"]["template"]["spec"]
    assert {container["image"] for container in pod["containers"]} == {f"docker.io/library/postgres:{value}"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_accepted(preset: str) -> None:
    assert len(render(presets=[preset])) > 10
