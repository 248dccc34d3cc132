"""Refusals that a schema cannot express: every one says its key, what was found and what to do; all are said at once."""

import pytest

from harness.chart import RenderError, render


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


@pytest.mark.parametrize(("parameters", "needed"), [
    ({"shared_buffers": "2GB"}, "2448Mi"),
    ({"work_mem": "64MB"}, "6656Mi"),
    ({"work_mem": 65536}, "6656Mi"),
    ({"shared_buffers": 262144}, "2448Mi"),
    ({"max_connections": 1000}, "4256Mi"),
], ids=str)  # fmt: skip
def test_memory_that_the_limit_does_not_hold_is_refused(parameters: dict[str, object], needed: str) -> None:
    [problem] = problems({"postgresql": {"parameters": parameters}})
    assert problem.startswith("resources.limits.memory: 2Gi, but shared_buffers and work_mem for each of ")
    assert f"are {needed}; raise it, or lower postgresql.parameters.shared_buffers" in problem


def test_memory_that_the_limit_just_holds_is_accepted() -> None:
    assert render({"postgresql": {"parameters": {"shared_buffers": "1648MB"}}})
    assert render({"postgresql": {"parameters": {"shared_buffers": "2GB"}}, "resources": {"limits": {"memory": "3Gi"}}})


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
    ({"auth": {"superuserFromNetwork": False, "hookLogin": "password"}}, "auth.superuserFromNetwork: false, but the schema Job"),
    ({"auth": {"superuserFromNetwork": False}, "tls": {"mode": "disabled"}}, "auth.superuserFromNetwork: false, but the schema"),
], ids=str)  # fmt: skip
def test_what_locks_the_chart_itself_out_is_refused(values: dict[str, object], expected: str) -> None:
    [problem] = problems(values)
    assert problem.startswith(expected)


GITOPS = {
    "auth": {"existingSecret": "passwords", "hookLogin": "password"},
    "tls": {"mode": "existingSecret", "existingSecret": "x"},
}


@pytest.mark.parametrize(("values", "key"), [
    ({"tls": {"mode": "disabled"}}, "auth: helm cannot look into the cluster here, so the passwords of bill_backup_user, "),
    ({"auth": {"existingSecret": "passwords"}}, "tls.mode: helm cannot look into the cluster here"),
    (GITOPS | {"auth": {"existingSecret": "passwords"}}, "auth.hookLogin: helm cannot look into the cluster here"),
], ids=["passwords", "certificate", "the Job's certificate"])  # fmt: skip
def test_what_would_change_at_each_render_is_refused_where_helm_sees_no_cluster(values: dict[str, object], key: str) -> None:
    [problem] = problems(values | {"withoutCluster": "refuse"})
    assert problem.startswith(key)
    assert "--dry-run=server" in problem


@pytest.mark.parametrize("values", [
    GITOPS,
    {"auth": {"existingSecret": "passwords"}, "tls": CERT_MANAGER},
], ids=["brought along", "cert-manager"])  # fmt: skip
def test_what_generates_nothing_renders_the_same_without_a_cluster(values: dict[str, object]) -> None:
    first, second = (render(values | {"withoutCluster": "refuse", "global": {"number": number}}) for number in (1, 2))
    assert {key: first[key] for key in first} == {key: second[key] for key in second}


def test_two_migrations_of_one_number_are_refused() -> None:
    [problem] = problems({"schema": {"extraMigrations": {"V9001__a.sql": "SELECT 1", "V9001__b.sql": "SELECT 1"}}})
    assert problem.startswith("schema.extraMigrations: V9001__a.sql and V9001__b.sql have the same number")


def test_all_problems_are_said_at_once() -> None:
    values = {"postgresql": {"parameters": {"port": 1, "work_mem": "1GB"}}, "resources": {"requests": {"cpu": 2}}}
    assert len(problems(values)) == 3
