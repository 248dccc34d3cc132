"""Refusals that a schema cannot express: every one says its key, what was found and what to do; all are said at once."""

import pytest

from harness.chart import render
from harness.helm_template import RenderError


def problems(values: dict[str, object]) -> list[str]:
    with pytest.raises(RenderError) as refusal:
        render(values)
    return [line.removeprefix("- ") for line in str(refusal.value).splitlines() if line.startswith("- ")]


@pytest.mark.parametrize("name", [
    "port", "password_encryption", "listen_addresses", "data_directory", "hba_file", "config_file", "ssl", "ssl_key_file",
    "unix_socket_directories",
])  # fmt: skip
def test_a_setting_that_is_the_charts_own_is_refused(name: str) -> None:
    [problem] = problems({"postgresql": {"parameters": {name: "x"}}})
    assert problem.startswith(f"postgresql.parameters.{name}: the chart itself sets it; remove it")


@pytest.mark.parametrize("tag", ["14", 14, "17.10-bookworm"], ids=str)
@pytest.mark.parametrize("listed", ["authentication,authorization", "all", "receipt", "setup_durations"])
def test_a_list_of_what_is_logged_of_connections_is_refused_before_18(tag: object, listed: str) -> None:
    [problem] = problems({"image": {"tag": tag}, "postgresql": {"parameters": {"log_connections": listed}}})
    assert problem == (
        f"postgresql.parameters.log_connections: {listed}, but image.tag is PostgreSQL {str(tag)[:2]}, "
        'where it is no list yet (18 is the first); set it to "on" or "off"'
    )
    assert render({"image": {"tag": "18"}, "postgresql": {"parameters": {"log_connections": listed}}})


def test_a_log_of_json_is_refused_before_15() -> None:
    [problem] = problems({"postgresql": {"logFormat": "json"}})
    assert problem == (
        "postgresql.logFormat: json, but image.tag is PostgreSQL 14, which writes no JSON (15 is the first); set it to text"
    )
    assert render({"image": {"tag": "15"}, "postgresql": {"logFormat": "json"}})


@pytest.mark.parametrize("size", ["2GB", "3GB", 262144], ids=str)
def test_shared_buffers_that_the_memory_limit_does_not_hold_are_refused(size: object) -> None:
    [problem] = problems({"postgresql": {"parameters": {"shared_buffers": size}}})
    found = 3072 if size == "3GB" else 2048
    assert problem == (
        f"resources.limits.memory: 2Gi, but shared_buffers alone are {found}Mi; "
        "raise it, or lower postgresql.parameters.shared_buffers"
    )


@pytest.mark.parametrize("limit", ["3Gi", "2.5Gi", "2049Mi", "2200M", "22e8", 2200000000], ids=str)
def test_a_limit_over_shared_buffers_is_accepted_in_each_of_kubernetes_notations(limit: object) -> None:
    assert render({"postgresql": {"parameters": {"shared_buffers": "2GB"}}, "resources": {"limits": {"memory": limit}}})


def test_a_limit_that_only_looks_as_large_as_shared_buffers_is_refused() -> None:
    limit = {"limits": {"memory": "2.1G"}}
    assert problems({"postgresql": {"parameters": {"shared_buffers": "2GB"}}, "resources": limit}) == [
        "resources.limits.memory: 2.1G, but shared_buffers alone are 2048Mi; "
        "raise it, or lower postgresql.parameters.shared_buffers"
    ]


@pytest.mark.parametrize("key", ["schema.resources", "retention.resources", "tls.reload.resources", "backup.restic.resources"])
def test_a_request_over_its_limit_is_refused_for_every_pod(key: str) -> None:
    values: object = {"requests": {"memory": "1Gi"}}
    first, *below = key.split(".")
    for part in reversed(below):
        values = {part: values}
    assert problems({first: values}) == [
        f"{key}.requests.memory: 1Gi is more than {key}.limits.memory, 64Mi; lower the one or raise the other"
    ]


def test_a_request_over_its_limit_is_refused_in_other_notations_too() -> None:
    requested = {"2.5Gi": "2Gi", "3G": "2.5Gi", "3e9": "2.5Gi", "1.5Pi": "1Pi"}
    found = [
        problems({"resources": {"requests": {"memory": high}, "limits": {"memory": low}}}) for high, low in requested.items()
    ]
    assert found == [
        [f"resources.requests.memory: {high} is more than resources.limits.memory, {low}; lower the one or raise the other"]
        for high, low in requested.items()
    ]


def test_without_a_limit_there_is_nothing_to_exceed() -> None:
    assert render({"postgresql": {"parameters": {"shared_buffers": "8GB"}}, "resources": {"limits": {"memory": None}}})


@pytest.mark.parametrize(("resources", "expected"), [
    ({"requests": {"cpu": 2}}, "resources.requests.cpu: 2 is more than resources.limits.cpu, 1000m"),
    ({"requests": {"cpu": "1500m"}}, "resources.requests.cpu: 1500m is more than resources.limits.cpu, 1000m"),
    ({"limits": {"cpu": "0.4"}}, "resources.requests.cpu: 500m is more than resources.limits.cpu, 0.4"),
    ({"requests": {"memory": "3Gi"}}, "resources.requests.memory: 3Gi is more than resources.limits.memory, 2Gi"),
], ids=str)  # fmt: skip
def test_a_request_over_its_limit_is_refused(resources: dict[str, object], expected: str) -> None:
    [problem] = problems({"resources": resources})
    assert problem.startswith(expected)


@pytest.mark.parametrize("line", [
    "-- billdb: superuser ", "-- billdb: superuser\r", "-- billdb:superuser", "-- Billdb: superuser", "-- billdb: no transaction",
])  # fmt: skip
def test_a_line_of_a_migration_that_only_looks_like_a_marker_is_refused(line: str) -> None:
    [problem] = problems({"schema": {"extraMigrations": {"V9001__mine.sql": f"SELECT 1;\n{line}"}}})
    assert problem.startswith("schema.extraMigrations: V9001__mine.sql, line 2: ")


@pytest.mark.parametrize("word", ["superuser", "no-transaction", "concurrently"])
def test_a_marker_of_a_migration_is_accepted(word: str) -> None:
    assert render({"schema": {"extraMigrations": {"V9001__mine.sql": f"-- billdb: {word}\nSELECT 1;"}}})


CERT_MANAGER = {"mode": "certManager", "issuerRef": {"name": "ca"}}


@pytest.mark.parametrize(("values", "expected"), [
    ({"tls": {"validityDays": 100, "renewBeforeDays": 100}}, "tls.validityDays: 100 days, and tls.renewBeforeDays is 100"),
    ({"tls": {"caValidityDays": 90, "validityDays": 400}}, "tls.caValidityDays: 90 days, and tls.renewBeforeDays is 180"),
    ({"tls": CERT_MANAGER | {"caValidityDays": 825}}, "tls.caValidityDays: 825 days, and tls.validityDays is 825"),
    ({"auth": {"superuserFromNetwork": False}, "schema": {"login": "password"}}, "auth.superuserFromNetwork: false, but"),
    ({"auth": {"superuserFromNetwork": False}, "tls": {"mode": "disabled"}}, "auth.superuserFromNetwork: false, but the schema"),
], ids=str)  # fmt: skip
def test_what_locks_the_chart_itself_out_is_refused(values: dict[str, object], expected: str) -> None:
    [problem] = problems(values)
    assert problem.startswith(expected)


BROUGHT = {"repository": {"passwordSecret": "repository"}}
GITOPS = {
    "auth": {"existingSecret": "passwords"},
    "schema": {"login": "password"},
    "tls": {"mode": "existingSecret", "existingSecret": "x"},
    "backup": BROUGHT,
}


@pytest.mark.parametrize(("values", "key"), [
    ({"tls": {"mode": "disabled"}, "backup": BROUGHT},
     "auth: helm cannot look into the cluster here, so the passwords of bill_backup_user, "),
    ({"auth": {"existingSecret": "passwords"}, "backup": BROUGHT}, "tls.mode: helm cannot look into the cluster here"),
    (GITOPS | {"schema": {"login": "certificate"}}, "schema.login: helm cannot look into the cluster here"),
    (GITOPS | {"engine": "cloudnativepg", "schema": {}, "auth": {"existingSecret": "passwords", "superuserFromNetwork": False}},
     "tls.mode: existingSecret, but helm cannot look into the cluster here, so the certificates by which CloudNativePG's "),
    (GITOPS | {"backup": {}}, "backup.repository: helm cannot look into the cluster here, so the repository's password would "),
], ids=["passwords", "certificate", "the Job's certificate", "the servers'", "the repository's password"])  # fmt: skip
def test_what_would_change_at_each_render_is_refused_where_helm_sees_no_cluster(values: dict[str, object], key: str) -> None:
    [problem] = problems(values | {"withoutCluster": "refuse"})
    assert problem.startswith(key)
    assert "--dry-run=server" in problem


@pytest.mark.parametrize("values", [
    GITOPS,
    GITOPS | {"backup": {"enabled": False}},
    {"auth": {"existingSecret": "passwords"}, "tls": CERT_MANAGER, "backup": {"repository": {"password": "given"}}},
], ids=["brought along", "without backups", "cert-manager"])  # fmt: skip
def test_what_generates_nothing_renders_the_same_without_a_cluster(values: dict[str, object]) -> None:
    first, second = (render(values | {"withoutCluster": "refuse", "global": {"number": number}}) for number in (1, 2))
    assert {key: first[key] for key in first} == {key: second[key] for key in second}


def test_two_migrations_of_one_number_are_refused() -> None:
    [problem] = problems({"schema": {"extraMigrations": {"V9001__a.sql": "SELECT 1", "V9001__b.sql": "SELECT 1"}}})
    assert problem.startswith("schema.extraMigrations: V9001__a.sql and V9001__b.sql have the same number")


INTERNAL = {
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "networking.gke.io/load-balancer-type": "Internal",
    "cloud.google.com/load-balancer-type": "Internal",
}


@pytest.mark.parametrize("service", [
    {},
    {"annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "false"}},
    {"annotations": {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"}},
    {"loadBalancerSourceRanges": ["10.0.0.0/8", "0.0.0.0/0"]},
    {"loadBalancerSourceRanges": ["::/0", "10.0.0.0/8"]},
], ids=str)  # fmt: skip
def test_a_load_balancer_that_is_open_to_the_internet_is_refused(service: dict[str, object]) -> None:
    [problem] = problems({"service": {"type": "LoadBalancer"} | service})
    assert problem.startswith("service.type: LoadBalancer, open to every address; name the clients' addresses in service.load")


def test_addresses_of_a_load_balancers_clients_are_for_a_load_balancer() -> None:
    assert problems({"service": {"type": "NodePort", "loadBalancerSourceRanges": ["10.0.0.0/8", "192.0.2.0/24"]}}) == [
        "service.loadBalancerSourceRanges: 10.0.0.0/8, 192.0.2.0/24, but service.type is NodePort, and Kubernetes takes them "
        "with LoadBalancer only; remove them"
    ]


@pytest.mark.parametrize("service", [
    {"loadBalancerSourceRanges": ["10.0.0.0/8", "192.0.2.0/24"]},
    *({"annotations": {name: value}} for name, value in INTERNAL.items()),
], ids=str)  # fmt: skip
def test_a_load_balancer_that_is_internal_or_for_known_addresses_is_accepted(service: dict[str, object]) -> None:
    assert render({"service": {"type": "LoadBalancer"} | service})["Service", "postgresql-bill-inquiry"]


@pytest.mark.parametrize(("auth", "expected"), [
    ({"existingSecret": "all", "postgresPassword": "x"}, "auth.postgresPassword: given, but auth.existingSecret takes it from "),
    ({"existingSecret": "all", "roles": {"bill_inquiry_user": {"password": "x"}}},
     "auth.roles.bill_inquiry_user.password: given, but auth.existingSecret takes it from the Secret all; remove"),
    ({"postgresPassword": "x", "roles": {"postgres": {"existingSecret": "one"}}},
     "auth.postgresPassword: given, but auth.roles.postgres.existingSecret takes it from the Secret one; remove"),
], ids=str)  # fmt: skip
def test_a_password_beside_the_secret_that_holds_it_is_refused(auth: dict[str, object], expected: str) -> None:
    [problem] = problems({"auth": auth})
    assert problem.startswith(expected)


def test_all_problems_are_said_at_once() -> None:
    values = {"postgresql": {"parameters": {"port": 1, "shared_buffers": "4GB"}}, "resources": {"requests": {"cpu": 2}}}
    assert len(problems(values)) == 3
