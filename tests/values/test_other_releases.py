"""Refusals of an installation beside or over what the namespace has, each in full."""

from collections.abc import Mapping
from typing import Any

import pytest

from harness.stub_cluster import Object
from tests.values.looking import OURS, SERVER, claim, look, named, problems, secret

MOVE = "to move, run helm uninstall billdb -n phonebill-dev, which keeps data and passwords, then helm install with"
OTHERS = {"meta.helm.sh/release-name": "other"}


def running(name: str = SERVER, claimed: str = f"{SERVER}-pvc", annotations: Mapping[str, str] = OURS) -> Object:
    """A server whose data is on a claim."""
    volume = {"name": "postgresql-data", "persistentVolumeClaim": {"claimName": claimed}}
    return named("StatefulSet", name, annotations, spec={"template": {"spec": {"volumes": [volume]}}})


def test_another_name_of_the_server_would_leave_its_data_behind() -> None:
    has = f"this release's server is {SERVER}, whose data would stay behind"
    assert problems({"fullnameOverride": "orders"}, running()) == [
        f"fullnameOverride: it names the server orders, but {has}; set it back, or {MOVE} "
        f"persistence.existingClaim={SERVER}-pvc and auth.existingSecret={SERVER}-secret as well"
    ]


def test_another_claim_would_leave_the_data_behind() -> None:
    assert problems({"persistence": {"existingClaim": "mine"}}, running(), claim("mine")) == [
        f"persistence.existingClaim: the server would run on the claim mine, but this release's data is on {SERVER}-pvc; "
        f"keep that, or {MOVE} the other claim"
    ]


def test_another_database_would_be_an_empty_one() -> None:
    [problem] = problems(
        {"auth": {"database": "orders"}}, named("ConfigMap", f"{SERVER}-config", data={"POSTGRES_DB": "billing"})
    )
    assert problem.startswith(
        "auth.database: orders, but this release's database is billing, and the service would find an empty one; keep that, or "
        "rename it while no client is connected: "
    )
    assert problem.endswith(", then try again")


def test_the_release_as_it_is_is_accepted() -> None:
    config = named("ConfigMap", f"{SERVER}-config", data={"POSTGRES_DB": "bill_inquiry_db"})
    assert look({}, running(), config, claim())


def test_a_server_of_another_release_is_not_taken_over() -> None:
    assert problems({}, running(annotations=OTHERS)) == [
        f"fullnameOverride: the release other of this namespace has a server {SERVER}; choose another name for a second "
        "database, or take over its data: helm uninstall other -n phonebill-dev, then try again"
    ]
    assert look({"fullnameOverride": "orders"}, running(annotations=OTHERS))


@pytest.mark.parametrize(("objects", "expected"), [
    ([claim(annotations={}), secret(f"{SERVER}-secret", annotations={})],
     f"release billdb: it did not make persistentvolumeclaim/{SERVER}-pvc secret/{SERVER}-secret in namespace phonebill-dev; to "
     "take over data and passwords, run: kubectl annotate -n phonebill-dev --overwrite "
     f"persistentvolumeclaim/{SERVER}-pvc secret/{SERVER}-secret meta.helm.sh/release-name=billdb "
     "meta.helm.sh/release-namespace=phonebill-dev && kubectl label -n phonebill-dev --overwrite "
     f"persistentvolumeclaim/{SERVER}-pvc secret/{SERVER}-secret app.kubernetes.io/managed-by=Helm, then try again"),
    ([named("Service", SERVER, {})],
     f"release billdb: it did not make service/{SERVER} in namespace phonebill-dev; to take over data and passwords, run: "
     f"kubectl delete -n phonebill-dev service/{SERVER}, then try again"),
    ([named("ConfigMap", "bill-inquiry-schema-script", {})],
     "release billdb: it did not make configmap/bill-inquiry-schema-script in namespace phonebill-dev; to take over data and "
     "passwords, run: kubectl delete -n phonebill-dev configmap/bill-inquiry-schema-script, then try again"),
], ids=["data and passwords", "a Service", "a ConfigMap"])  # fmt: skip
def test_what_somebody_else_made_is_named_with_the_way_to_take_it_over(objects: list[Any], expected: str) -> None:
    assert problems({}, *objects) == [expected]


def test_a_claim_and_a_secret_that_are_brought_along_are_nobodys_to_take_over() -> None:
    brought: dict[str, Any] = {
        "auth": {"existingSecret": "mine", "waitForSecrets": True},
        "persistence": {"existingClaim": "theirs"},
    }
    assert look(brought, claim("theirs") | {"metadata": {"name": "theirs"}})
