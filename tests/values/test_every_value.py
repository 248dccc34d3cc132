"""Every value is tried away from its default, and none is ignored."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from harness import paths
from harness.helm_template import PREVIEW, RenderError, template
from tests.render import expecting

DEFAULTS = yaml.safe_load((paths.CHART / "values.yaml").read_text())
MAPS = ("requests", "limits", "parameters", "labels")  # of Kubernetes', PostgreSQL's, a driver's or one's own words
MANY = ("rules",)  # each setting of each alert: tests/render/test_alerts.py
RANDOM = re.compile(r"^  \S+(crt|key|password): .*$", re.MULTILINE)
# Values that no render shows, with the tests that see them.
ELSEWHERE = {
    "withoutCluster": "test_defaults.py",
    "auth.waitForSecrets": "test_with_a_cluster.py",
    "auth.postgresPassword": "tests/render/test_secrets.py",
    **{f"auth.roles.bill_{name}_user.password": "tests/render/test_secrets.py" for name in (
        "inquiry", "readonly", "backup", "monitoring", "maintenance")},
    "fullnameOverride": "tests/render/test_names.py",
    "backup.repository.password": "tests/render/test_backup.py",
}  # fmt: skip


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every value that is set as one."""
    for key, value in values.items():
        if isinstance(value, dict) and value and key not in (*MAPS, *MANY):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def at(values: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def without(values: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The values but for that one."""
    rest = copy.deepcopy(values)
    del at(rest, path[:-1])[path[-1]]
    return rest


@cache
def rendered(values: str) -> str:
    """What these values, in JSON, render or are refused with; without what is random."""
    try:
        return RANDOM.sub("", template(json.loads(values)))
    except RenderError as refused:
        return str(refused)


def matters(values: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether the chart would render something else, or refuse, without it."""
    return rendered(json.dumps(PREVIEW | without(values, path))) != rendered(json.dumps(PREVIEW | values))


def test_every_value_is_away_from_its_default_in_some_variant_and_changes_what_is_rendered() -> None:
    paths_of_values = [path for path in leaves(DEFAULTS) if ".".join(path) not in ELSEWHERE]
    assert len(paths_of_values) > 90
    ignored = [
        ".".join(path)
        for path in paths_of_values
        if not any(
            at(values, path) not in (None, at(DEFAULTS, path)) and matters(values, path) for values in expecting.HELD.values()
        )
    ]
    assert ignored == [], "give it a place in tests/render/everything-on.yaml or another variant of tests/render/conftest.py"
