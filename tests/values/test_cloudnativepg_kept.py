"""What helm keeps beside the Cluster, whoever it belongs to, and whether the operator is there to take the Cluster."""

from typing import Any

import pytest

from harness.stub_cluster import CERT_MANAGER, CLOUDNATIVEPG, KINDS
from tests.values.looking import SERVER, look, named, problems, secret
from tests.values.test_cloudnativepg_problems import NEW, crd
from tests.values.test_other_releases import OTHERS

OWN: dict[str, Any] = {"engine": "cloudnativepg"}
BARMAN = ("barmancloud.cnpg.io/v1", "ObjectStore", "objectstores", True)
KNOWN = [*KINDS, *CLOUDNATIVEPG, BARMAN]
KEEP = {"helm.sh/resource-policy": "keep"}
POLICIES = (SERVER, f"{SERVER}-instances")
ARCHIVE = {"enabled": True, "s3": {"endpoint": "https://s3.example.com", "bucket": "bills"}}
SERVICE = {"name": "cnpg-webhook-service", "namespace": "phonebill-dev"}  # the stub has one namespace
WEBHOOK = named("MutatingWebhookConfiguration", "cnpg-mutating-webhook-configuration", {},
                webhooks=[{"clientConfig": {"service": SERVICE}}])  # fmt: skip
LET_IN = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "phonebill-dev"}}}
ASKED = OWN | {"networkPolicy": {"operator": [LET_IN]}}
AWAY = [
    "engine: cloudnativepg, but its operator does not answer: no pod of the Service cnpg-webhook-service of namespace "
    "phonebill-dev is ready, and Kubernetes would take no Cluster; see kubectl get pods -n phonebill-dev, then try again"
]


def slice_of(service: str, *conditions: dict[str, bool]) -> dict[str, Any]:
    found = named("EndpointSlice", f"{service}-x", endpoints=[{"conditions": each} for each in conditions])
    found["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    return found


@pytest.mark.parametrize("slices", [
    [], [slice_of(SERVICE["name"])], [slice_of(SERVICE["name"], {"ready": False})], [slice_of("another", {"ready": True})],
], ids=["none", "empty", "not ready", "another's"])  # fmt: skip
def test_an_operator_that_is_away_is_told_of_before_anything_is_made(slices: list[Any]) -> None:
    assert problems(ASKED, crd(NEW), WEBHOOK, *slices, kinds=KNOWN) == AWAY
    assert look({}, crd(NEW), WEBHOOK, *slices, kinds=KNOWN), "another engine does not need it"
    assert look(OWN | {"storageClass": {"create": False}}, crd(NEW), WEBHOOK, *slices, kinds=KNOWN), "nor is it looked for"


@pytest.mark.parametrize("slices", [
    [slice_of("another"), slice_of(SERVICE["name"], {"ready": False}, {"ready": True})], [slice_of(SERVICE["name"], {})],
], ids=["one of two", "nothing said"])  # fmt: skip
def test_an_operator_with_a_ready_pod_answers(slices: list[Any]) -> None:
    assert look(ASKED, crd(NEW), WEBHOOK, *slices, kinds=KNOWN)


@pytest.mark.parametrize("operator", [[], [{"ipBlock": {"cidr": "10.0.0.0/8"}}], [{"namespaceSelector": {}}]], ids=str)
def test_an_operator_in_another_namespace_than_the_policy_lets_in_is_told_of(operator: list[Any]) -> None:
    there = slice_of(SERVICE["name"], {})
    assert problems(OWN, crd(NEW), WEBHOOK, there, kinds=KNOWN) == [
        "networkPolicy.operator: the namespace cnpg-system, but the operator is in phonebill-dev, and could not ask the servers "
        "how they are; set its namespaceSelector to phonebill-dev"
    ]
    for policy in ({"operator": operator}, {"enabled": False}):
        assert look(OWN | {"networkPolicy": policy}, crd(NEW), WEBHOOK, there, kinds=KNOWN)


def policies(annotations: dict[str, str]) -> list[dict[str, Any]]:
    return [named("NetworkPolicy", name, annotations) for name in POLICIES]


@pytest.mark.parametrize("engine", ["cloudnativepg", "statefulset"])
def test_policies_that_are_kept_and_not_wanted_any_more_are_deleted_first(engine: str) -> None:
    values = {"engine": engine, "networkPolicy": {"enabled": False}}
    both = " ".join(f"networkpolicy/{name}" for name in POLICIES)
    assert problems(values, crd(NEW), *policies(KEEP), kinds=KNOWN) == [
        f"networkPolicy.enabled: false, but helm keeps {both} of namespace phonebill-dev, which would still decide who "
        f"reaches the server; run: kubectl delete -n phonebill-dev {both}, then try again"
    ]
    assert look(values, crd(NEW), *policies({}), kinds=KNOWN), "helm itself deletes what it does not keep"
    if engine == "cloudnativepg":
        assert look(OWN, crd(NEW), *policies(KEEP), kinds=KNOWN, upgrade=True)


def test_base_backups_that_are_kept_and_have_no_archive_any_more_are_deleted_first() -> None:
    kept = named("ScheduledBackup", f"{SERVER}-archive", KEEP)
    assert problems(OWN, crd(NEW), kept, kinds=KNOWN) == [
        f"cloudnativepg.archive.enabled: false, but helm keeps scheduledbackup/{SERVER}-archive of namespace phonebill-dev, "
        f"whose backups would fail from now on; run: kubectl delete -n phonebill-dev scheduledbackup/{SERVER}-archive, then "
        "try again"
    ]
    assert look(OWN | {"cloudnativepg": {"archive": ARCHIVE}}, crd(NEW), kept, kinds=KNOWN, upgrade=True)


def test_what_is_left_of_a_cluster_is_deleted_before_the_statefulset_comes_back() -> None:
    left = [*policies(KEEP), named("ScheduledBackup", f"{SERVER}-archive", KEEP)]
    kept = f"networkpolicy/{SERVER}-instances scheduledbackup/{SERVER}-archive"
    assert problems({}, crd(NEW), *left, kinds=KNOWN) == [
        f"engine: statefulset, but helm keeps {kept} of namespace phonebill-dev, made for a Cluster of CloudNativePG's and still "
        f"at work; run: kubectl delete -n phonebill-dev {kept}, then try again"
    ]
    assert look({}, crd(NEW), *policies({}), kinds=KNOWN, upgrade=True)


def test_the_operators_own_service_is_in_nobodys_way() -> None:
    assert ("Cluster", SERVER) in look(OWN, crd(NEW), named("Cluster", SERVER), named("Service", SERVER, {}), kinds=KNOWN)


def test_a_cluster_that_a_release_of_another_name_left_is_taken_over_with_all_that_is_kept() -> None:
    left = [
        named("Cluster", SERVER, OTHERS),
        *(named("NetworkPolicy", name, OTHERS) for name in POLICIES),
        named("ObjectStore", f"{SERVER}-archive", OTHERS),
        named("ScheduledBackup", f"{SERVER}-archive", OTHERS),
        *(secret(f"{SERVER}-{name}", "ca.crt", annotations=OTHERS) for name in ("replication-tls", "superuser")),
        named("ServiceAccount", SERVER, OTHERS),
    ]
    values = OWN | {"cloudnativepg": {"archive": ARCHIVE}}
    objects = (
        f"cluster/{SERVER} networkpolicy/{SERVER} networkpolicy/{SERVER}-instances objectstore/{SERVER}-archive "
        f"scheduledbackup/{SERVER}-archive secret/{SERVER}-replication-tls secret/{SERVER}-superuser serviceaccount/{SERVER}"
    )
    assert problems(values, crd(NEW), *left, kinds=KNOWN) == [
        f"release billdb: it did not make {objects} in namespace phonebill-dev; to take over data and passwords, run: kubectl "
        f"annotate -n phonebill-dev --overwrite {objects} meta.helm.sh/release-name=billdb "
        "meta.helm.sh/release-namespace=phonebill-dev && kubectl label -n phonebill-dev --overwrite "
        f"{objects} app.kubernetes.io/managed-by=Helm, then try again"
    ]


def test_what_cert_manager_renews_for_a_cluster_that_was_left_is_taken_over_too() -> None:
    ca = f"{SERVER}-hook-ca"
    names = [f"{SERVER}-tls", ca, f"{SERVER}-hook-tls", f"{SERVER}-replication-tls"]
    left = [
        *(named("Certificate", name, OTHERS) for name in names),
        *(named("Issuer", name, OTHERS) for name in (f"{ca}-self-signed", ca)),
    ]
    values = OWN | {"tls": {"mode": "certManager", "issuerRef": {"name": "company"}}}
    [problem] = problems(values, crd(NEW), *left, kinds=[*KNOWN, *CERT_MANAGER])
    objects = " ".join([*(f"certificate/{name}" for name in names), f"issuer/{ca}-self-signed", f"issuer/{ca}"])
    assert f"it did not make {objects} in namespace" in problem


def test_a_cluster_of_a_release_that_is_there_is_not_taken_over() -> None:
    theirs = [named("Cluster", SERVER, OTHERS), named("ConfigMap", "bill-inquiry-schema-script", OTHERS)]
    assert problems(OWN, crd(NEW), *theirs, kinds=KNOWN) == [
        f"fullnameOverride: the release other of this namespace has a server {SERVER}; choose another name for a second "
        "database, or take over its data: helm uninstall other -n phonebill-dev, then try again"
    ]


@pytest.mark.parametrize("login", ["certificate", "password"])
def test_another_mode_after_cert_manager_names_what_the_servers_copy_with_too(login: str) -> None:
    made = {"cert-manager.io/certificate-name": "x"}
    names = ("tls", "hook-ca", "hook-tls", "replication-tls")
    theirs = [secret(f"{SERVER}-{name}", "tls.crt", "tls.key", "ca.crt", annotations=made) for name in names]
    [found] = problems(OWN | {"schema": {"login": login}}, crd(NEW), *theirs, kinds=KNOWN, upgrade=True)
    assert f"cert-manager made {', '.join(f'{SERVER}-{name}' for name in names)}; the server goes on" in found
