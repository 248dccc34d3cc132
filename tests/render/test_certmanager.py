"""The Certificates that the chart asks cert-manager for, beyond what its own schema can tell."""

import pytest

from harness.chart import Object, render

TLS = {"mode": "certManager", "issuerRef": {"name": "company"}}
SERVER, HOOK, HOOK_CA = (f"postgresql-bill-inquiry-{name}" for name in ("tls", "hook-tls", "hook-ca"))
LIVES = {
    "by default": {},
    "short": {"validityDays": 2, "renewBeforeDays": 1, "caValidityDays": 3},
    "long": {"validityDays": 5000, "renewBeforeDays": 4000, "caValidityDays": 6000},
}


def specs(values: dict[str, object]) -> dict[str, Object]:
    return {c["metadata"]["name"]: c["spec"] for c in render({"tls": TLS | values}).of("Certificate")}


def hours(spec: Object, key: str) -> int:
    return int(spec[key].removesuffix("h"))


@pytest.mark.parametrize("values", LIVES.values(), ids=LIVES)
def test_the_ca_is_renewed_while_all_that_it_signed_lies_within_its_life(values: dict[str, object]) -> None:
    found = specs(values)
    assert set(found) == {SERVER, HOOK, HOOK_CA}
    assert all(hours(spec, "renewBefore") < hours(spec, "duration") for spec in found.values())
    assert hours(found[HOOK_CA], "renewBefore") >= hours(found[HOOK], "duration")


def test_the_ca_keeps_its_key_and_the_certificates_do_not() -> None:
    keys = {name: spec["privateKey"]["rotationPolicy"] for name, spec in specs({}).items()}
    assert keys == {SERVER: "Always", HOOK: "Always", HOOK_CA: "Never"}


def test_a_certificate_serves_its_one_purpose_only() -> None:
    purposes = {name: [usage for usage in spec.get("usages", ()) if "auth" in usage] for name, spec in specs({}).items()}
    assert purposes == {SERVER: ["server auth"], HOOK: ["client auth"], HOOK_CA: []}


def test_the_issuer_that_is_given_signs_for_the_server_alone() -> None:
    issuers = {name: spec["issuerRef"]["name"] for name, spec in specs({}).items()}
    assert issuers == {SERVER: "company", HOOK: HOOK_CA, HOOK_CA: f"{HOOK_CA}-self-signed"}
