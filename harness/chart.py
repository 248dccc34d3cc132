"""Renders the chart as a user's helm does and checks what comes out against Kubernetes' own schemas."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import yaml

from harness import kubernetes_schemas, paths, supported
from harness.helm_template import PREVIEW, RenderError, template

Object = Mapping[str, Any]
OF_OPERATORS = (
    "azmonitoring.coreos.com",
    "barmancloud.cnpg.io",
    "cert-manager.io",
    "monitoring.coreos.com",
    "postgresql.cnpg.io",
)  # groups of the API


class Manifests(Mapping[tuple[str, str], Object]):
    """Rendered objects by (kind, name), hooks and tests included, in helm's order; not to be changed."""

    def __init__(self, objects: Sequence[Object]) -> None:
        """Take the objects; two of the same kind and name are refused."""
        self._objects = {(o["kind"], o["metadata"]["name"]): o for o in objects}
        assert len(self._objects) == len(objects), "two objects of the same kind and name"

    def __getitem__(self, key: tuple[str, str]) -> Object:
        """The object of this kind and name. Raises KeyError with the names that there are."""
        if key not in self._objects:
            raise KeyError(f"no {key[0]} {key[1]}; there are: {', '.join('/'.join(k) for k in self._objects)}")
        return self._objects[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The (kind, name) pairs."""
        return iter(self._objects)

    def __len__(self) -> int:
        """The number of objects."""
        return len(self._objects)

    def of(self, kind: str) -> list[Object]:
        """Every object of a kind."""
        return [o for (k, _), o in self._objects.items() if k == kind]

    def pods(self) -> dict[str, Object]:
        """Every pod's metadata and spec, by the kind and name of what makes it: {"StatefulSet/NAME": {metadata, spec}}."""
        found = {}
        for (kind, name), o in self._objects.items():
            if kind == "Pod":
                found[f"{kind}/{name}"] = o
            elif kind == "CronJob":
                found[f"{kind}/{name}"] = o["spec"]["jobTemplate"]["spec"]["template"]
            elif "template" in o.get("spec", {}) and kind != "Pooler":  # whose template CloudNativePG completes
                found[f"{kind}/{name}"] = o["spec"]["template"]
        return found


def render(
    values: Mapping[str, Any] | None = None,
    *,
    presets: Sequence[str] = (),
    release: str = "billdb",
    namespace: str = "phonebill-dev",
) -> Manifests:
    """The chart's objects with these values over these presets (names in presets/), for reading. Raises RenderError."""
    return _render(json.dumps(PREVIEW | dict(values or {}), sort_keys=True), tuple(presets), release, namespace)


@cache
def _render(values: str, presets: tuple[str, ...], release: str, namespace: str) -> Manifests:
    files = [paths.PRESETS / f"{name}.yaml" for name in presets]
    printed = template(json.loads(values), files=files, release=release, namespace=namespace)
    objects = [o for o in yaml.load_all(printed, _StrictLoader) if o]
    for o in objects:
        _validate(json.dumps(o))
    frozen: Sequence[Object] = [_frozen(o) for o in objects]
    return Manifests(frozen)


def forget() -> None:
    """Render anew what was rendered before: the chart has changed."""
    _render.cache_clear()


@cache
def _validate(text: str) -> None:
    """Hold an object, as JSON, to Kubernetes' schemas; most are the same in many renders."""
    o = json.loads(text)
    if o["apiVersion"].partition("/")[0] in OF_OPERATORS:
        return  # not Kubernetes' own: the cluster's tests hold them against the operators'
    for version in (supported.oldest(), supported.local()):
        kubernetes_schemas.validate(o, version)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


class _StrictLoader(yaml.CSafeLoader):
    """Refuses a key that a map has twice, where YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise RenderError(f"{node.start_mark}: keys given twice: {twice}")
        return super().construct_mapping(node, deep)


# Kubernetes' YAML takes 1e3 for a number; PyYAML, which has YAML 1.1's rules, would want 1.0e+3.
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))
