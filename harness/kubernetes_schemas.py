"""Holds objects against Kubernetes' own schemas, the strict ones of the package kubernetes-validate, read once a version.

The package's own function reads the two megabytes of a version's definitions anew for each object, which was a third of the time
of the fast tests.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import jsonschema
from referencing import Registry, Resource


def validate(o: Mapping[str, Any], version: str) -> None:
    """Hold an object against the schema of its kind in Kubernetes `version`, MAJOR.MINOR.

    Raises jsonschema.ValidationError, and FileNotFoundError for a kind that this version does not have.
    """
    _validator(version, o["kind"], o["apiVersion"]).validate(o)


@cache
def _validator(version: str, kind: str, api_version: str) -> jsonschema.Draft202012Validator:
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)  # rbac.authorization.k8s.io/v1 is rbac-v1
    schema = _read(_folder(version) / f"{kind.lower()}-{group}.json")
    registry = Resource.from_contents(schema) @ _definitions(version)
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def _definitions(version: str) -> "Registry[Any]":
    return Resource.from_contents(_read(_folder(version) / "_definitions.json")) @ Registry()


@cache
def _folder(version: str) -> Traversable:
    schemas = files("kubernetes_validate") / "kubernetes-json-schema"
    [folder] = [each for each in schemas.iterdir() if re.fullmatch(rf"v{re.escape(version)}\.\d+-local-strict", each.name)]
    return folder


def _read(file: Traversable) -> Any:
    return json.loads(file.read_text())
