"""The certificates that the chart makes."""

from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.chart import Manifests, Object, render
from tests.render.reading import SERVER

PAIRS = [("ca", "tls"), ("hook-ca", "hook-tls")]
ENDINGS = ("", ".phonebill-dev", ".phonebill-dev.svc", ".phonebill-dev.svc.cluster.local")
NAMES = {"localhost"} | {name + ending for name in (SERVER, f"{SERVER}-headless") for ending in ENDINGS}


def secret(manifests: Manifests, name: str) -> Object:
    return manifests["Secret", f"{SERVER}-{name}"]


def certificate(manifests: Manifests, name: str, file: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(b64decode(secret(manifests, name)["data"][file]))


def key(manifests: Manifests, name: str, file: str) -> Any:
    return serialization.load_pem_private_key(b64decode(secret(manifests, name)["data"][file]), None)


def names(found: x509.Certificate) -> set[str]:
    try:
        given = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return set(given.get_values_for_type(x509.DNSName))


@pytest.mark.parametrize(("ca", "leaf"), PAIRS)
def test_a_certificate_is_signed_by_its_ca_and_by_no_other(default: Manifests, ca: str, leaf: str) -> None:
    issued = certificate(default, leaf, "tls.crt")
    issued.verify_directly_issued_by(certificate(default, ca, "ca.crt"))
    assert secret(default, leaf)["data"]["ca.crt"] == secret(default, ca)["data"]["ca.crt"]
    [other] = {name for name, _ in PAIRS} - {ca}
    with pytest.raises(ValueError, match="Issuer"):
        issued.verify_directly_issued_by(certificate(default, other, "ca.crt"))


@pytest.mark.parametrize(("ca", "leaf"), PAIRS)
def test_a_ca_signs_and_a_certificate_does_not_and_each_has_a_key_of_its_own(default: Manifests, ca: str, leaf: str) -> None:
    files = {"ca": (ca, "ca.crt", "ca.key"), "leaf": (leaf, "tls.crt", "tls.key")}
    keys = {kind: key(default, name, private) for kind, (name, _, private) in files.items()}
    certificates = {kind: certificate(default, name, public) for kind, (name, public, _) in files.items()}
    assert {kind: c.public_key() == keys[kind].public_key() for kind, c in certificates.items()} == {"ca": True, "leaf": True}
    assert keys["ca"].public_key() != keys["leaf"].public_key()
    assert all(isinstance(k, ec.EllipticCurvePrivateKey) for k in keys.values())
    constraints = {kind: c.extensions.get_extension_for_class(x509.BasicConstraints).value.ca for kind, c in certificates.items()}
    assert constraints == {"ca": True, "leaf": False}


def test_the_server_is_called_by_every_name_of_its_services_and_the_job_by_its_role() -> None:
    manifests = render({"tls": {"extraNames": ["db.example.com"]}})
    assert names(certificate(manifests, "tls", "tls.crt")) == NAMES | {"db.example.com"}
    assert names(certificate(manifests, "hook-tls", "tls.crt")) == set()
    common = certificate(manifests, "hook-tls", "tls.crt").subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert [name.value for name in common] == ["billdb_hook"]


@pytest.mark.parametrize(
    ("values", "days", "ca_days"), [({}, 825, 3650), ({"validityDays": 400, "caValidityDays": 500}, 400, 500)]
)
@pytest.mark.parametrize(("ca", "leaf"), PAIRS)
def test_lives_are_as_long_as_the_values_say_and_noted_for_the_renewal(
    ca: str, leaf: str, values: dict[str, int], days: int, ca_days: int
) -> None:
    manifests = render({"tls": values})
    for name, file, life in ((leaf, "tls.crt", days), (ca, "ca.crt", ca_days)):
        found = certificate(manifests, name, file)
        assert abs(found.not_valid_after_utc - found.not_valid_before_utc - timedelta(days=life)) < timedelta(hours=1), name
        noted = secret(manifests, name)["metadata"]["annotations"]["billdb/not-after"]
        assert abs(found.not_valid_after_utc.date() - found.not_valid_after_utc.fromisoformat(noted).date()) <= timedelta(days=1)


@pytest.mark.parametrize(("mode", "own"), [
    ({}, {"ca", "tls", "hook-ca", "hook-tls"}),
    ({"mode": "existingSecret", "existingSecret": "mine"}, {"hook-ca", "hook-tls"}),
    ({"mode": "certManager", "issuerRef": {"name": "company"}}, set()),
    ({"mode": "disabled"}, set()),
], ids=["generated", "brought along", "cert-manager", "without TLS"])  # fmt: skip
def test_the_chart_makes_the_certificates_that_nobody_else_makes(mode: dict[str, object], own: set[str]) -> None:
    made = {o["metadata"]["name"].removeprefix(f"{SERVER}-") for o in render({"tls": mode}).of("Secret")}
    assert made - {"secret", "backup-secret"} == own


def test_nothing_but_passwords_and_certificates_is_random() -> None:
    first, second = render(), render({"global": {"other": "render"}})
    different = {key for key in first if first[key] != second[key]}
    assert different == {
        ("Secret", f"{SERVER}-{name}") for name in ("secret", "backup-secret", "ca", "tls", "hook-ca", "hook-tls")
    }
