"""Refusals of what does not fit the cluster that helm looks into, each in full."""

from typing import Any

import pytest

from harness.helm_template import template
from harness.stub_cluster import CERT_MANAGER, KINDS, serving
from tests.values.looking import CLASS, OURS, SERVER, claim, look, named, problems, secret

LATER = ", or set auth.waitForSecrets when it comes later"
KEYS = (
    "bill-backup-user-password, bill-inquiry-user-password, bill-maintenance-user-password, bill-monitoring-user-password, "
    "bill-readonly-user-password, postgres-password"
)


@pytest.mark.parametrize(("values", "expected"), [
    ({"auth": {"existingSecret": "mine"}},
     f"auth.existingSecret: no Secret mine in namespace phonebill-dev; create it first, with the keys {KEYS}{LATER}"),
    ({"auth": {"roles": {"bill_backup_user": {"existingSecret": "one"}}}},
     "auth.roles.bill_backup_user.existingSecret: no Secret one in namespace phonebill-dev; create it first, with the keys "
     f"password{LATER}"),
    ({"tls": {"mode": "existingSecret", "existingSecret": "cert"}},
     "tls.existingSecret: no Secret cert in namespace phonebill-dev; create it first, with the keys tls.crt, tls.key, ca.crt"),
], ids=["every password", "one password", "certificate"])  # fmt: skip
def test_a_secret_that_is_not_there_is_named_with_its_keys(values: dict[str, Any], expected: str) -> None:
    assert problems(values) == [expected]


def test_a_key_that_a_secret_lacks_is_named_beside_those_that_it_has() -> None:
    *has, lacks = KEYS.split(", ")
    expected = f"auth.existingSecret: the Secret mine has no key {lacks}; its keys are: {', '.join(has)}; add it{LATER}"
    assert problems({"auth": {"existingSecret": "mine"}}, secret("mine", *has)) == [expected]
    certificate = {"tls": {"mode": "existingSecret", "existingSecret": "cert"}}
    assert problems(certificate, secret("cert", "tls.crt", "tls.key")) == [
        "tls.existingSecret: the Secret cert has no key ca.crt; its keys are: tls.crt, tls.key"
    ]


def test_a_secret_with_its_keys_is_accepted_and_one_that_comes_later_where_that_is_said() -> None:
    assert look({"auth": {"existingSecret": "mine"}}, secret("mine", *KEYS.split(", ")))
    assert look({"auth": {"existingSecret": "mine", "waitForSecrets": True}})
    certificate = {"tls": {"mode": "existingSecret", "existingSecret": "cert"}, "auth": {"waitForSecrets": True}}
    assert len(problems(certificate)) == 1, "waitForSecrets is of passwords"


@pytest.mark.parametrize(("values", "has", "expected"), [
    ({}, {"storageClassName": "slow"},
     "persistence.storageClass: managed-standard, but the claim NAME has slow and cannot change it; "
     "set persistence.storageClass to slow"),
    ({}, {"accessModes": ["ReadWriteMany"]},
     "persistence.accessModes: ReadWriteOnce, but the claim NAME has ReadWriteMany and cannot change it; set it to that"),
    ({"persistence": {"size": "19.5Gi"}}, {},
     "persistence.size: 19.5Gi, but the claim NAME has 20Gi and cannot shrink; set it to 20Gi or more (the way back to older "
     "values, too, is helm upgrade with this size: helm rollback would fail)"),
], ids=["class", "mode", "size"])  # fmt: skip
def test_what_a_claim_cannot_change_is_refused(values: dict[str, Any], has: dict[str, Any], expected: str) -> None:
    assert problems(values, claim(**has)) == [expected.replace("NAME", f"{SERVER}-pvc")]


def test_a_claim_that_is_as_the_values_say_or_may_grow_or_is_brought_along_is_accepted() -> None:
    assert look({}, claim())
    assert look({"persistence": {"size": "21Gi"}}, claim())
    assert look({"persistence": {"storageClass": ""}}, claim(storageClassName="any"))
    assert look(
        {"persistence": {"existingClaim": "mine"}}, claim("mine", storageClassName="other", accessModes=["ReadWriteMany"])
    )


def test_a_claim_without_data_may_be_deleted_instead() -> None:
    waiting = dict(claim(storageClassName="slow")) | {"status": {"phase": "Pending"}}
    assert problems({}, waiting) == [
        f"persistence.storageClass: managed-standard, but the claim {SERVER}-pvc has slow and cannot change it; it holds no data "
        f"yet: kubectl delete pvc -n phonebill-dev {SERVER}-pvc, then try again"
    ]


def test_a_claim_of_ones_own_that_is_not_there_is_refused() -> None:
    assert problems({"persistence": {"existingClaim": "mine"}}) == [
        "persistence.existingClaim: no PersistentVolumeClaim mine in namespace phonebill-dev; create it first"
    ]


def test_a_class_that_nobody_serves_is_refused_and_one_that_is_there_or_can_be_made_is_used() -> None:
    other = {"storageClass": {"provisioner": "csi.example.com"}, "persistence": {"storageClass": "fast"}}
    assert problems(other) == [
        "persistence.storageClass: fast, but this cluster has neither this StorageClass nor the driver to make it with, "
        'csi.example.com; it has: managed-standard; set it to one of them, or to "" for the default (presets/any-cluster.yaml), '
        "or install the driver (storageClass.provisioner)"
    ]
    assert ("StorageClass", "fast") in look(other, named("CSIDriver", "csi.example.com"))
    assert ("StorageClass", "fast") not in look(other, named("StorageClass", "fast", provisioner="theirs")), "whoever serves it"
    in_tree = {"storageClass": {"provisioner": "kubernetes.io/azure-disk"}, "persistence": {"storageClass": "fast"}}
    assert ("StorageClass", "fast") in look(in_tree), "Kubernetes' own drivers are no objects"
    assert ("StorageClass", "managed-standard") not in look({}), "one that exists is somebody's"
    assert look(other, claim(storageClassName="fast")), "the claim has its volume"


@pytest.mark.parametrize(
    "mark", ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
)
def test_without_a_class_the_cluster_must_have_a_default_one(mark: str) -> None:
    values = {"persistence": {"storageClass": ""}}
    assert problems(values) == [
        "persistence.storageClass: empty, but this cluster has no default StorageClass; it has: managed-standard; set it to one "
        "of them, or storageClass.create to false where a volume without a class waits for the claim"
    ]
    assert look(values, named("StorageClass", "any", {mark: "true"}, provisioner="x"))
    assert look(values | {"storageClass": {"create": False}})


def test_cert_manager_must_be_there_for_its_mode_and_have_let_go_of_its_secrets_for_another() -> None:
    values = {"tls": {"mode": "certManager", "issuerRef": {"name": "company"}}}
    assert problems(values) == [
        "tls.mode: certManager, but this cluster does not know cert-manager.io/v1; install cert-manager first, or choose another "
        "mode"
    ]
    assert look(values, kinds=[*KINDS, *CERT_MANAGER])
    theirs = OURS | {"cert-manager.io/certificate-name": "x"}
    made = [secret(f"{SERVER}-{name}", "tls.crt", "tls.key", "ca.crt", annotations=theirs) for name in ("tls", "hook-tls")]
    assert look(values, *made, kinds=[*KINDS, *CERT_MANAGER]), "in its own mode they are cert-manager's to renew"
    assert problems({}, *made) == [
        f"tls.mode: generated, but cert-manager made {SERVER}-tls, {SERVER}-hook-tls; the server goes on with what it has while "
        "you run: kubectl delete -n phonebill-dev --ignore-not-found certificate,secret "
        f"{SERVER}-tls {SERVER}-hook-tls, then try again"
    ]


def test_a_namespace_that_is_yet_to_be_created_is_of_a_cluster_too() -> None:
    with serving([named("Namespace", "default"), CLASS]) as kubeconfig:
        assert "kind: StatefulSet" in template({}, kubeconfig=kubeconfig)
