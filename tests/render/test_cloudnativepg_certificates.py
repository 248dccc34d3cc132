"""Where the servers of the Cluster get their certificates from, by each tls.mode."""

from typing import Any

import pytest

from harness.chart import render
from tests.render.reading import plain

SERVER = "postgresql-bill-inquiry"
OWN: dict[str, Any] = {"engine": "cloudnativepg"}
ISSUER = {"mode": "certManager", "issuerRef": {"name": "company"}}


@pytest.mark.parametrize("login", ["certificate", "password"])
def test_cert_manager_makes_what_the_servers_copy_with_by_the_schema_jobs_issuer(login: str) -> None:
    manifests = render(OWN | {"tls": ISSUER, "schema": {"login": login}})
    made = {o["spec"]["secretName"]: plain(o["spec"]) for o in manifests.of("Certificate")}
    copying, hook = made[f"{SERVER}-replication-tls"], made[f"{SERVER}-hook-tls"]
    assert (copying["commonName"], hook["commonName"]) == ("streaming_replica", "billdb_hook")
    assert copying["usages"] == ["digital signature", "client auth"]
    assert copying["issuerRef"] == hook["issuerRef"] == {"name": f"{SERVER}-hook-ca", "kind": "Issuer"}
    assert ("Issuer", f"{SERVER}-hook-ca") in manifests


def test_what_renews_the_clusters_certificates_outlives_the_release_as_the_cluster_does() -> None:
    values = OWN | {"tls": ISSUER, "metrics": {"enabled": True}, "cloudnativepg": {"pooler": {"enabled": True}}}
    manifests = render(values)
    policies = {
        o["metadata"]["name"]: o["metadata"].get("annotations", {}).get("helm.sh/resource-policy")
        for kind in ("Issuer", "Certificate")
        for o in manifests.of(kind)
    }
    gone = {name for name, policy in policies.items() if policy != "keep"}
    assert gone == {name for name in policies if "pooler" in name or "metrics" in name}, "they go with what they are for"
    of_the_other = [*(others := render({"tls": ISSUER})).of("Certificate"), *others.of("Issuer")]
    assert not any("annotations" in o["metadata"] for o in of_the_other)


def test_cert_managers_secrets_are_read_again_when_they_change() -> None:
    manifests = render(OWN | {"tls": ISSUER})
    named = set(plain(manifests["Cluster", SERVER]["spec"]["certificates"]).values())
    made = {o["spec"]["secretName"]: o["spec"]["secretTemplate"]["labels"] for o in manifests.of("Certificate")}
    assert named == {f"{SERVER}-tls", f"{SERVER}-replication-tls"}
    assert {made[name].get("cnpg.io/reload") for name in named} == {"true"}


def test_with_the_other_engine_cert_manager_makes_nothing_to_copy_with() -> None:
    made = [o["spec"]["commonName"] for o in render({"tls": ISSUER}).of("Certificate")]
    assert "billdb_hook" in made
    assert "streaming_replica" not in made


def test_a_certificate_that_is_brought_along_is_the_servers_and_the_chart_makes_the_others() -> None:
    manifests = render(OWN | {"tls": {"mode": "existingSecret", "existingSecret": "mine"}})
    found = plain(manifests["Cluster", SERVER]["spec"]["certificates"])
    copying = f"{SERVER}-replication-tls"
    assert found == {
        "serverCASecret": "mine",
        "serverTLSSecret": "mine",
        "clientCASecret": copying,
        "replicationTLSSecret": copying,
    }
    assert ("Secret", copying) in manifests
    assert ("Secret", f"{SERVER}-tls") not in manifests


def test_a_server_can_tell_the_ends_of_the_schema_jobs_and_the_poolers_certificates_and_does_not_have_their_keys() -> None:
    certificates = {"pooler.crt": f"{SERVER}-pooler-tls", "schema.crt": f"{SERVER}-hook-tls"}
    sources = [
        {"secret": {"name": name, "optional": True, "items": [{"key": "tls.crt", "path": file}]}}
        for file, name in certificates.items()
    ]
    found = plain(render(OWN)["Cluster", SERVER]["spec"])
    assert found["projectedVolumeTemplate"] == {"sources": sources}
    by_password = OWN | {"schema": {"login": "password"}}
    assert "projectedVolumeTemplate" not in plain(render(by_password)["Cluster", SERVER]["spec"])
    pooled = by_password | {"cloudnativepg": {"pooler": {"enabled": True}}}
    assert plain(render(pooled)["Cluster", SERVER]["spec"])["projectedVolumeTemplate"] == {"sources": sources}
