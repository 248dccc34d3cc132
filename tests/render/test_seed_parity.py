"""Every field of the install plan's manifests is in the rendered object, or is listed here with the reason why not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.chart import Manifests, render

SEED = Path(__file__).parent / "seed"
OBJECTS = {file.stem: yaml.safe_load(file.read_text()) for file in sorted(SEED.glob("*.yaml"))}
IMAGE = "bitnami/postgresql:14 can no longer be pulled; the official image has the same programs"
CONFIGURATION = "the image's entrypoint ignored most of these variables; each setting is in postgresql.conf now"
EXCEPTIONS = {
    **{f"configmap/data/POSTGRESQL_{name}": CONFIGURATION for name in (
        "MAX_CONNECTIONS", "SHARED_BUFFERS", "EFFECTIVE_CACHE_SIZE", "WORK_MEM", "MAINTENANCE_WORK_MEM",
        "LOG_MIN_DURATION_STATEMENT")},
    **{f"statefulset/spec/template/spec/containers/postgresql/env/POSTGRESQL_{name}": CONFIGURATION for name in (
        "MAX_CONNECTIONS", "SHARED_BUFFERS", "EFFECTIVE_CACHE_SIZE", "WORK_MEM", "MAINTENANCE_WORK_MEM",
        "LOG_MIN_DURATION_STATEMENT")},
    "statefulset/spec/template/spec/containers/postgresql/env/POSTGRES_PASSWORD":
        "a password in the environment is seen by every exec; the init container reads it from a file",
    "statefulset/spec/template/spec/containers/postgresql/image": IMAGE,
    **{f"statefulset/spec/template/spec/containers/postgresql/{probe}Probe/exec/command":
        "each pg_isready is a line in the log; answering.sh runs it, as the plan has it, where anything is in doubt"
        for probe in ("liveness", "readiness")},
    "statefulset/spec/serviceName": "a StatefulSet's Service has to be headless for the pod to have a DNS name",
    "service/spec/ports/postgresql/targetPort": "by the port's name, so that service.port can be changed in one place",
    "job/spec/template/spec/containers/db-init/image": IMAGE,
    "job/spec/template/spec/containers/db-init/command": "the script is a file of the ConfigMap, as section 6.2 means it",
    "job/spec/template/spec/containers/db-init/args": "the script is a file of the ConfigMap, as section 6.2 means it",
    "job/spec/template/spec/containers/db-init/env/PGPASSWORD":
        "the Job logs in by a certificate; the passwords that it sets are files",
    "job/spec/template/spec/restartPolicy": "OnFailure deletes the failed pod and its log",
    "schema-configmap/data/init-schema.sql": "the schema is a sequence of migrations, one file each",
}  # fmt: skip


@pytest.fixture
def planned() -> Manifests:
    """The chart with the plan's preset."""
    return render(presets=["phonebill-dev"])


def fields(value: Any, path: str) -> dict[str, Any]:
    """Every leaf by its path; items of a list go by their name where they have one."""
    if isinstance(value, Mapping):
        return {k: v for key, item in value.items() for k, v in fields(item, f"{path}/{key}").items()}
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, Mapping) for item in value):
        named = {item.get("name", number): {k: v for k, v in item.items() if k != "name"} for number, item in enumerate(value)}
        return fields(named, path)
    return {path: tuple(value) if isinstance(value, list) else value}


def missing(name: str, manifests: Manifests) -> set[str]:
    """Paths of the plan's object that the rendered one does not have with that value."""
    planned = OBJECTS[name]
    rendered = fields(manifests[planned["kind"], planned["metadata"]["name"]], name)
    return {path for path, value in fields(planned, name).items() if rendered.get(path, ...) != value}


def excepted(path: str) -> str | None:
    return next((known for known in EXCEPTIONS if path == known or path.startswith(f"{known}/")), None)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_field_of_the_plan_holds_or_its_reason_is_listed(planned: Manifests, name: str) -> None:
    assert {path for path in missing(name, planned) if not excepted(path)} == set()


def test_no_exception_is_listed_that_holds_after_all(planned: Manifests) -> None:
    used = {excepted(path) for name in OBJECTS for path in missing(name, planned)}
    assert used == set(EXCEPTIONS)


def test_the_default_differs_from_the_plans_preset_in_password_and_delays_alone(default: Manifests) -> None:
    assert {path for name in OBJECTS for path in missing(name, default) if not excepted(path)} == {
        "secret/data/postgres-password",
        *(
            f"statefulset/spec/template/spec/containers/postgresql/{probe}Probe/initialDelaySeconds"
            for probe in ("liveness", "readiness")
        ),
    }
