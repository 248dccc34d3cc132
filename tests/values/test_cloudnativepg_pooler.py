"""What PgBouncer may not be told, because another value or object says it or a client would come in without a password or TLS."""

from typing import Any

import pytest

from harness.chart import render
from tests.values.looking import SERVER
from tests.values.test_cloudnativepg_spec import nested
from tests.values.test_problems import problems

OWNED = {
    "cluster": "",
    "type": "",
    "instances": "cloudnativepg.pooler.instances",
    "pgbouncer.poolMode": "",
    "pgbouncer.image": "cloudnativepg.pooler.image",
    "pgbouncer.imageCatalogRef": "cloudnativepg.pooler.image",
    "pgbouncer.parameters": "cloudnativepg.pooler.parameters",
    "pgbouncer.serverTLSSecret": "",
    "pgbouncer.authQuery": "",
    "pgbouncer.authQuerySecret": "",
    "template.spec.containers": "cloudnativepg.pooler.resources",
    "monitoring": "metrics",
}


WRONG: dict[str, Any] = {"parameters": {"auth_type": "any"}, "spec": {"type": "ro"}}


def given(engine: str = "cloudnativepg", **pooler: Any) -> dict[str, Any]:
    return {"engine": engine, "cloudnativepg": {"pooler": {"enabled": True} | pooler}}


@pytest.mark.parametrize("path", OWNED)
def test_what_other_values_or_objects_of_the_chart_say_is_refused_by_its_path(path: str) -> None:
    said = f"cloudnativepg.pooler.spec.{path}: the chart itself sets it, and its other objects fit to that; remove it"
    assert problems(given(spec=nested(path))) == [said + (f" and use {OWNED[path]}" if OWNED[path] else "")]


@pytest.mark.parametrize(("name", "value", "allowed"), [
    ("auth_type", "any", "hba"),
    ("client_tls_sslmode", "prefer", "require or verify-ca or verify-full"),
    ("server_tls_sslmode", "require", "verify-ca or verify-full"),
])  # fmt: skip
def test_a_password_is_always_asked_for_and_never_sent_without_verified_tls(name: str, value: str, allowed: str) -> None:
    [problem] = problems(given(parameters={name: value}))
    assert problem == (
        f"cloudnativepg.pooler.parameters.{name}: {value}, and then a password would not be asked for, or be sent without"
        f" verified TLS; remove it, or set it to {allowed}"
    )


def test_what_keeps_both_is_taken() -> None:
    parameters = {"auth_type": "hba", "client_tls_sslmode": "verify-full", "server_tls_sslmode": "verify-ca"}
    assert ("Pooler", f"{SERVER}-pooler") in render(
        given(parameters=parameters, spec={"deploymentStrategy": {"type": "Recreate"}})
    )


def test_a_pooler_that_is_not_there_is_not_looked_at() -> None:
    for values in (given(engine="statefulset", **WRONG), given(enabled=False, **WRONG)):
        assert ("Pooler", f"{SERVER}-pooler") not in render(values)
