"""Every key of the values: known to the schema, described once, refused by its own name when unknown or not to be null."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from harness import paths, values_schema
from harness.chart import render
from harness.helm_template import RenderError

SCHEMA = json.loads((paths.CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((paths.CHART / "values.yaml").read_text())
REMOVED = {"/storageClass/name", "/auth/hookLogin"}
# Kubernetes' own words, and maps of names that people choose.
OPEN = {
    "/affinity/nodeAffinity", "/affinity/podAffinity", "/affinity/podAntiAffinity", "/cloudnativepg/archive/spec",
    "/cloudnativepg/pooler/spec", "/cloudnativepg/spec", "/extraContainers/", "/global",
    *(f"/extraVolumes//{kind}" for kind in (
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret")),
    "/storageClass/parameters",
}  # fmt: skip


def nested(path: str, value: Any) -> Any:
    """{"a": [{"b": value}]} for "/a/0/b"; a key may hold dots."""
    for key in reversed(path.split("/")[1:]):
        value = [value] if key == "0" else {key: value}
    return value


def refusal(values: dict[str, Any]) -> list[str]:
    with pytest.raises(RenderError) as refused:
        render(values)
    _, chart, *lines = str(refused.value).strip().splitlines()
    assert chart == "billdb:"
    return lines


def maps(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every map of the schema with its path; an item of a list has an empty name."""
    if "object" in schema.get("type", ""):
        yield path, schema
    for key, below in schema.get("properties", {}).items():
        yield from maps(below, f"{path}/{key}")
    if "items" in schema:
        yield from maps(schema["items"], f"{path}/")


@pytest.mark.parametrize("path", [
    "/replicaCount", "/image/tags", "/persistence/storageclass", "/auth/roles/admin", "/auth/roles/postgres/password",
    "/resources/limits/gpu", "/probes/liveness/interval", "/tls/reload/resources/requests/cpus", "/tls/issuerRef/Name",
    "/networkPolicy/dns/0/port", "/networkPolicy/from/0/podSelector/matchlabels", "/tolerations/0/keys",
    "/extraVolumes/0/hostPath", "/postgresql/parameters/no setting", "/schema/extraMigrations/V0006__mine.sql",
    "/schema/extraMigrations/V9000__mine.sql", "/schema/extraMigrations/V9001_mine.sql", "/podLabels/two words",
])  # fmt: skip
def test_an_unknown_key_is_refused_by_its_name_and_place_and_nothing_else_is_said(path: str) -> None:
    place, _, key = path.rpartition("/")
    others: dict[str, dict[str, Any]] = {
        "/extraVolumes/0": {"name": "x", "emptyDir": {}},
        "/networkPolicy/dns/0": {"podSelector": {}},
    }
    lines = refusal(nested(place, others.get(place, {}) | {key: "x"}))
    lines = [line for line in lines if "maxProperties" not in line]
    assert lines == [f"- at '{place}': additional properties '{key}' not allowed"]


def test_several_unknown_keys_are_each_named_at_their_place() -> None:
    lines = refusal({"image": {"tags": "14"}, "persistence": {"class": "x"}, "replicas": 2})
    assert sorted(lines) == [
        "- at '': additional properties 'replicas' not allowed",
        "- at '/image': additional properties 'tags' not allowed",
        "- at '/persistence': additional properties 'class' not allowed",
    ]


def test_a_key_of_an_earlier_chart_is_refused_with_what_to_use_instead() -> None:
    assert refusal({"storageClass": {"name": "fast"}}) == [
        "- at '/storageClass/name': value must be 'gone: persistence.storageClass is the name of the class'"
    ]
    assert refusal({"auth": {"hookLogin": "password"}}) == [
        "- at '/auth/hookLogin': value must be 'gone: schema.login says how the schema Job logs in'"
    ]


def test_the_schema_and_the_table_of_the_readme_are_made_of_values_yaml() -> None:
    stale = [file.name for file, text in values_schema.documents().items() if file.read_text() != text]
    assert stale == [], "write them anew: python -m harness.values_schema"


def test_the_schema_is_a_valid_schema_of_its_draft() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_every_map_of_the_schema_is_closed_but_those_that_are_open_by_nature() -> None:
    found = dict(maps(SCHEMA))
    assert {path for path, schema in found.items() if schema.get("additionalProperties") is not False} == OPEN
    assert not any("propertyNames" in schema for schema in found.values())


def test_the_schema_knows_the_keys_of_values_yaml_and_no_others() -> None:
    unknown_or_missing = {}
    for path, schema in maps(SCHEMA):
        below: Any = DEFAULTS
        for key in path.split("/")[1:]:
            below = below.get(key) if isinstance(below, dict) else None
        if (
            below
            and path not in ("/storageClass/parameters", "/postgresql/parameters", "/metrics/dashboard/labels")
            and not path.endswith(("requests", "limits"))
        ):
            known = {key for key in schema["properties"] if f"{path}/{key}" not in REMOVED} - {"global"}
            unknown_or_missing[path] = known ^ set(below)
    assert len(unknown_or_missing) > 15
    assert set().union(*unknown_or_missing.values()) == set()


def test_every_key_of_values_yaml_is_described_at_every_depth() -> None:
    described: list[str] = []
    missing: list[str] = []
    for path, schema in maps(SCHEMA):
        if path in OPEN or "//" in path or path.endswith("/"):
            continue
        for key, below in schema.get("properties", {}).items():
            if f"{path}/{key}" not in REMOVED and path not in ("/postgresql/parameters", "/affinity"):
                (described if below.get("description") else missing).append(f"{path}/{key}")
    assert missing == []
    assert len(described) > 100


@pytest.mark.parametrize("path", [
    "/affinity", "/nodeSelector", "/tolerations", "/podLabels", "/commonLabels", "/resources", "/resources/limits",
    "/resources/limits/cpu", "/resources/requests/memory", "/schema/resources", "/tls/reload/resources/limits",
    "/probes/startup/initialDelaySeconds", "/image/user", "/image/digest", "/image/pullSecrets", "/auth/existingSecret",
    "/auth/postgresPassword", "/auth/roles/bill_inquiry_user/password", "/persistence/existingClaim", "/persistence/annotations",
    "/tls/existingSecret", "/tls/issuerRef/name", "/tls/extraNames", "/tls/ciphers", "/networkPolicy/from", "/networkPolicy/dns",
    "/postgresql/parameters/work_mem", "/postgresql/parameters/log_statement", "/postgresql/parameters/random_page_cost",
    "/postgresql/hba", "/extraVolumes", "/extraVolumeMounts", "/extraContainers", "/priorityClassName", "/fullnameOverride",
    "/topologySpreadConstraints", "/serviceAccount/name", "/schema/extraMigrations", "/backup/resources", "/backup/podLabels",
    "/backup/repository/to", "/backup/repository/existingSecret", "/backup/repository/password",
    "/backup/repository/passwordSecret",
    "/backup/repository/volume/existingClaim", "/backup/repository/volume/storageClass", "/backup/restic/image/digest",
    "/backup/restic/resources",
])  # fmt: skip
def test_null_drops_a_default_as_helm_has_it_and_renders_nothing_in_its_place(path: str) -> None:
    manifests = render(nested(path, None))
    assert [key for key in manifests if has_null(manifests[key])] == []
    assert "'null'" not in manifests["ConfigMap", "postgresql-bill-inquiry-config"]["data"]["postgresql.conf"]


def has_null(value: Any) -> bool:
    below = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    return value is None or any(has_null(item) for item in below)


@pytest.mark.parametrize(
    "path", ["/image/repository", "/auth/database", "/service/port", "/persistence/size", "/tls", "/probes/liveness"]
)
def test_null_is_refused_where_nothing_could_stand_in_for_the_value(path: str) -> None:
    place, _, key = path.rpartition("/")
    assert refusal(nested(path, None)) == [f"- at '{place}': missing property '{key}'"]
