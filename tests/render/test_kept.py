"""What an upgrade finds again in the cluster: passwords, certificates, and what it makes of those near their end."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from tests.values.looking import OURS, SERVER, claim, look, named

Objects = dict[tuple[str, str], dict[str, Any]]
SECRET = ("Secret", f"{SERVER}-secret")
BY_PASSWORD = {"schema": {"login": "password"}}


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d")


def kept(objects: Objects, **changed: dict[str, str]) -> list[dict[str, Any]]:
    """The Secrets of a release as the cluster has them; `tls` and others may have other annotations."""
    found = []
    for (kind, name), o in objects.items():
        if kind == "Secret":
            extra = changed.get(name.removeprefix(f"{SERVER}-").replace("-", "_"), {})
            found.append(o | {"metadata": o["metadata"] | {"annotations": o["metadata"]["annotations"] | OURS | extra}})
    return found


@pytest.fixture(scope="module")
def first() -> Objects:
    """A first installation."""
    return look({})


def data(objects: Objects, name: str) -> dict[str, str]:
    found: dict[str, str] = objects["Secret", f"{SERVER}-{name}"]["data"]
    return found


def certificate(objects: Objects, name: str, file: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(b64decode(data(objects, name)[file]))


def test_an_upgrade_keeps_every_password_and_certificate(first: Objects) -> None:
    second = look({}, *kept(first))
    assert {key: o["data"] for key, o in second.items() if key[0] == "Secret"} == {
        key: o["data"] for key, o in first.items() if key[0] == "Secret"
    }
    assert second["StatefulSet", SERVER] == first["StatefulSet", SERVER]


def test_the_claim_of_the_backups_is_left_as_it_is_once_it_is_there(first: Objects) -> None:
    found = ("PersistentVolumeClaim", f"{SERVER}-backup-pvc")
    assert found in first
    assert found not in look({}, claim(found[1])), "a hook that is there would be made anew"


def test_a_given_password_takes_the_place_of_the_kept_one_and_of_no_other(first: Objects) -> None:
    second = look({"auth": {"roles": {"bill_backup_user": {"password": "given"}}}}, *kept(first))
    changed = {key for key, value in data(second, "secret").items() if value != data(first, "secret")[key]}
    assert changed == {"bill-backup-user-password"}
    assert second[SECRET]["metadata"]["annotations"]["billdb/password-revision"] == "1"


def test_a_changed_password_of_the_superuser_counts_and_restarts_the_server_where_the_job_needs_it(first: Objects) -> None:
    given = {"auth": {"postgresPassword": "given"}}
    second = look(given | BY_PASSWORD, *kept(first))
    assert second[SECRET]["metadata"]["annotations"]["billdb/password-revision"] == "2"
    pod = second["StatefulSet", SERVER]["spec"]["template"]["metadata"]["annotations"]
    assert pod["billdb/password-revision"] == "2"
    third = look(given | BY_PASSWORD, *kept(second))
    assert third[SECRET]["metadata"]["annotations"]["billdb/password-revision"] == "2"
    by_certificate = look(given, *kept(first))["StatefulSet", SERVER]["spec"]["template"]["metadata"]["annotations"]
    assert "billdb/password-revision" not in by_certificate


def test_a_changed_secret_of_the_users_own_restarts_the_server_where_the_job_needs_it() -> None:
    own = named("Secret", "mine", data={"password": b64encode(b"x").decode()})
    own["metadata"]["resourceVersion"] = "4711"
    found = look({"auth": {"roles": {"postgres": {"existingSecret": "mine"}}}} | BY_PASSWORD, own)
    pod = found["StatefulSet", SERVER]["spec"]["template"]["metadata"]["annotations"]
    assert pod["billdb/password-revision"] == "4711"


def exporter_revision(objects: Objects) -> str:
    pod = objects["Deployment", f"{SERVER}-metrics"]["spec"]["template"]["metadata"]["annotations"]
    return str(pod["billdb/password-revision"])


def test_the_exporter_is_made_anew_for_its_own_password_however_it_changed_and_for_no_other() -> None:
    on: dict[str, Any] = {"metrics": {"enabled": True}}
    first = look(on)
    roles = {"bill_monitoring_user": {"password": "given"}}
    assert (exporter_revision(first), exporter_revision(look(on, *kept(first)))) == ("1", "1")
    assert exporter_revision(look(on | {"auth": {"roles": {"bill_backup_user": {"password": "given"}}}}, *kept(first))) == "1"
    second = look(on | {"auth": {"roles": roles}}, *kept(first))
    assert (exporter_revision(second), exporter_revision(look(on, *kept(second)))) == ("2", "2")
    by_hand = kept(first)
    [secret] = [one for one in by_hand if one["kind"] == "Secret" and one["metadata"]["name"] == f"{SERVER}-secret"]
    secret["data"] = secret["data"] | {"bill-monitoring-user-password": b64encode(b"by hand").decode()}
    assert exporter_revision(look(on, *by_hand)) == "2"
    assert exporter_revision(look(on | {"auth": {"roles": roles}})) == "1", "a password says nothing of itself"
    own = named("Secret", "mine", data={"password": b64encode(b"x").decode()})
    own["metadata"]["resourceVersion"] = "4711"
    assert exporter_revision(look(on | {"auth": {"roles": {"bill_monitoring_user": {"existingSecret": "mine"}}}}, own)) == "4711"


@pytest.mark.parametrize("name", ["tls", "hook_tls"])
def test_a_certificate_near_its_end_is_renewed_by_the_same_ca(first: Objects, name: str) -> None:
    changed, ca = name.replace("_", "-"), name.replace("_", "-").replace("tls", "ca")
    assert data(look({}, *kept(first, **{name: {"billdb/not-after": day(182)}})), changed) == data(first, changed)
    second = look({}, *kept(first, **{name: {"billdb/not-after": day(179)}}))
    assert data(second, changed)["tls.key"] != data(first, changed)["tls.key"]
    assert data(second, ca) == data(first, ca)
    certificate(second, changed, "tls.crt").verify_directly_issued_by(certificate(first, ca, "ca.crt"))


@pytest.mark.parametrize("name", ["ca", "hook_ca"])
def test_a_ca_near_its_end_is_renewed_with_the_same_key_and_its_certificates_stay(first: Objects, name: str) -> None:
    ca, leaf = name.replace("_", "-"), name.replace("_", "-").replace("ca", "tls")
    assert data(look({}, *kept(first, **{name: {"billdb/not-after": day(182)}})), ca) == data(first, ca)
    second = look({}, *kept(first, **{name: {"billdb/not-after": day(179)}}))
    assert data(second, ca)["ca.crt"] != data(first, ca)["ca.crt"]
    assert certificate(second, ca, "ca.crt").public_key() == certificate(first, ca, "ca.crt").public_key()
    assert data(second, leaf)["tls.crt"] == data(first, leaf)["tls.crt"]
    certificate(first, leaf, "tls.crt").verify_directly_issued_by(certificate(second, ca, "ca.crt"))
    assert second["Secret", f"{SERVER}-{ca}"]["metadata"]["annotations"]["billdb/not-after"] >= day(3649)


def test_another_name_of_the_server_has_its_certificate_made_anew(first: Objects) -> None:
    second = look({"tls": {"extraNames": ["db.example.com"]}}, *kept(first))
    assert data(second, "tls")["tls.crt"] != data(first, "tls")["tls.crt"]
    assert {name: data(second, name) == data(first, name) for name in ("ca", "hook-ca", "hook-tls")} == {
        "ca": True,
        "hook-ca": True,
        "hook-tls": True,
    }


def test_a_certificate_whose_ca_is_gone_is_made_anew(first: Objects) -> None:
    second = look({}, *(o for o in kept(first) if o["metadata"]["name"] != f"{SERVER}-ca"))
    certificate(second, "tls", "tls.crt").verify_directly_issued_by(certificate(second, "ca", "ca.crt"))
