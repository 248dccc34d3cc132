"""Which pod gets which Secret's keys, and what the chart's own Secret holds."""

import re
from base64 import b64decode

import pytest

from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON, ROLES, VARIANTS
from tests.render.reading import SERVER, containers, environment

SECRET, TLS, HOOK = f"{SERVER}-secret", f"{SERVER}-tls", f"{SERVER}-hook-tls"
PASSWORDS = {role: (SECRET, f"{role.replace('_', '-')}-password") for role in ROLES}
CA = (TLS, "ca.crt")
REPOSITORY = (f"{SERVER}-backup-secret", "password")
STORE = EVERYTHING_ON["backup"]["repository"]["existingSecret"]
ALL = "every key"
EXPORTERS = {f"{SERVER}-metrics-tls", "my-metrics"}  # who has its key can pass for the exporter, and for nobody else
WHOLE = ({"key": ALL},)
PUBLIC = {"ca.crt", "tls.crt"}
SUPERUSERS = {"move", "restore", "schema", "snapshot"}  # components whose Jobs log in as the superuser


def given(manifests: Manifests) -> dict[str, set[tuple[str, str]]]:
    """(Secret, key) that the pods of each component mount."""
    found: dict[str, set[tuple[str, str]]] = {}
    for pod in manifests.pods().values():
        keys = found.setdefault(pod["metadata"]["labels"]["app.kubernetes.io/component"], set())
        for volume in pod["spec"]["volumes"]:
            sources = [source["secret"] for source in volume.get("projected", {}).get("sources") or () if "secret" in source]
            sources += [volume["secret"] | {"name": volume["secret"]["secretName"]}] if "secret" in volume else []
            for source in sources:
                keys |= {(source["name"], item["key"]) for item in source.get("items", WHOLE)}
    return found


def test_every_pod_has_the_keys_that_it_needs_and_no_others(default: Manifests) -> None:
    assert given(default) == {
        "server": {PASSWORDS["postgres"], (TLS, ALL), (HOOK, "ca.crt"), (HOOK, "tls.crt")},
        "schema": {*PASSWORDS.values(), CA, (HOOK, "tls.crt"), (HOOK, "tls.key")},
        "retention": {PASSWORDS["bill_maintenance_user"], CA},
        "backup": {PASSWORDS["bill_backup_user"], REPOSITORY, CA},
        "restore": {REPOSITORY, CA, (HOOK, "tls.crt"), (HOOK, "tls.key")},
        "drill": {PASSWORDS["bill_backup_user"], REPOSITORY, CA},
        "test": {PASSWORDS["bill_inquiry_user"], PASSWORDS["bill_backup_user"], CA},
    }


def test_a_secret_of_ones_own_is_read_by_its_key_for_each_role() -> None:
    own = {role: (f"{n}-secret", f"{n}-key") for n, role in enumerate(ROLES)}
    found = given(render(VARIANTS["a Secret a role"]))
    assert found["schema"] - {CA, (HOOK, "tls.crt"), (HOOK, "tls.key")} == set(own.values())
    of_one = {
        "server": "postgres",
        "retention": "bill_maintenance_user",
        "backup": "bill_backup_user",
        "test": "bill_inquiry_user",
    }
    assert {component: own[role] in found[component] for component, role in of_one.items()} == dict.fromkeys(of_one, True)


def test_only_the_server_has_the_servers_private_key_and_only_the_superusers_jobs_theirs(statefulset: Manifests) -> None:
    [config] = [o["data"] for o in statefulset.of("ConfigMap") if "server.options" in o["data"]]
    for component, keys in given(statefulset).items():
        private = {name for name, key in keys if key in ("tls.key", "ca.key", ALL)} - {STORE}
        exporters = private & EXPORTERS
        assert component == "metrics" or not exporters, component
        private -= exporters
        servers = {name for name in private if "hook" not in name}
        assert (len(servers) == 1) == (component == "server" and "--ssl=on" in config["server.options"]), component
        by_certificate = component in SUPERUSERS and "ssl_ca_file" in config["server.options"]
        assert len(private - servers) == (1 if by_certificate else 0), component


def test_no_pod_has_a_password_in_its_specification_or_environment(manifests: Manifests) -> None:
    for name, container in containers(manifests).items():
        secret = [key for key in environment(container) if "PASSWORD" in key and not key.endswith("_FILE")]
        assert secret == [], name
        assert "secretKeyRef" not in str(container), name
        assert "envFrom" not in container, name


def test_private_keys_and_passwords_are_readable_by_the_group_of_the_image_alone(manifests: Manifests) -> None:
    modes = {
        f"{name}/{volume['name']}": volume.get("projected", volume.get("secret"))["defaultMode"]
        for name, pod in manifests.pods().items()
        for volume in pod["spec"]["volumes"]
        if "projected" in volume
        or ("secret" in volume and not {i["key"] for i in volume["secret"].get("items", WHOLE)} <= PUBLIC)
    }
    assert len(modes) >= 5
    assert {name: oct(mode) for name, mode in modes.items() if mode != 0o440} == {}


def test_every_client_verifies_the_server_unless_there_is_no_tls(manifests: Manifests) -> None:
    clients = {name: environment(c) for name, c in containers(manifests).items() if "PGSSLMODE" in environment(c)}
    without = not any("PGSSLROOTCERT" in variables for variables in clients.values())
    assert len(clients) >= 4
    wanted = ("disable", None) if without else ("verify-full", "/tls/ca.crt")
    assert {(v["PGSSLMODE"], v.get("PGSSLROOTCERT")) for v in clients.values()} == {wanted}
    assert without == ("tls" not in {volume["name"] for pod in manifests.pods().values() for volume in pod["spec"]["volumes"]})


def stored(values: dict[str, object]) -> dict[str, str]:
    data = render(values)["Secret", SECRET]["data"]
    return {key: b64decode(text).decode() for key, text in data.items()}


def test_generated_passwords_are_long_and_different_and_one_a_role() -> None:
    passwords = stored({})
    assert set(passwords) == {key for _, key in PASSWORDS.values()}
    assert [p for p in passwords.values() if not re.fullmatch("[A-Za-z0-9]{32}", p)] == []
    assert [p for p in passwords.values() if p.isdigit()] == []
    assert len(set(passwords.values())) == 6


@pytest.mark.parametrize("role", ROLES)
def test_a_given_password_is_the_roles(role: str) -> None:
    values = {"postgresPassword": "p: '1'"} if role == "postgres" else {"roles": {role: {"password": "p: '1'"}}}
    passwords = stored({"auth": values})
    assert [key for key, password in passwords.items() if password == "p: '1'"] == [PASSWORDS[role][1]]


def test_a_role_with_a_secret_of_its_own_has_no_password_in_the_charts() -> None:
    assert "bill-backup-user-password" not in stored(EVERYTHING_ON)
    assert render({"auth": {"existingSecret": "mine"}}).of("Secret") != []
    assert ("Secret", "mine") not in render({"auth": {"existingSecret": "mine"}})
    assert ("Secret", SECRET) not in render({"auth": {"existingSecret": "mine"}})
