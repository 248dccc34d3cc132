"""What the chart renders, held as it is in expected/: `python -m tests.render.expecting` writes it anew.

defaults.yaml has every object with the default values; a .diff of a variant has, object by object, what it changes. What is
random or held by another test is left out: passwords, keys, checksums, dates, the chart's version, the scripts, the queries
and the dashboard.
"""

from collections.abc import Iterator
from difflib import unified_diff
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from harness import chart, paths
from harness.chart import Manifests, render
from tests.render.conftest import VARIANTS
from tests.render.reading import plain

FOLDER = Path(__file__).parent / "expected"
HELD = {name: values for name, values in VARIANTS.items() if name != "another name"} | {
    "switched off": {
        "podDisruptionBudget": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "retention": {"enabled": False},
        "backup": {"enabled": False},
        "schema": {"login": "password"},
        "persistence": {"storageClass": ""},
    },
    "a pooler": {"engine": "cloudnativepg", "cloudnativepg": {"pooler": {"enabled": True}}},
}
VERSION = yaml.safe_load((paths.CHART / "Chart.yaml").read_text())["version"]
LEFT_OUT = (".sh", ".sql", ".json", "queries.yaml")
CHANGING = ("billdb/config-checksum", "billdb/not-after", "billdb/metrics-checksum", "billdb/password-revision")


def main() -> None:
    """Write the files anew."""
    for variant in HELD:
        file_of(variant).write_text(document(variant))


def forget() -> None:
    """Render anew: the chart has changed."""
    chart.forget()
    _texts.cache_clear()


def file_of(variant: str) -> Path:
    """Where it is held."""
    return FOLDER / f"{variant.lower().replace(' ', '-')}{'.yaml' if variant == 'defaults' else '.diff'}"


def document(variant: str) -> str:
    """What its file should hold."""
    defaults = _texts("defaults")
    if variant == "defaults":
        return "---\n".join(defaults.values())
    found = _texts(variant)
    different = [key for key in sorted({*defaults, *found}) if defaults.get(key) != found.get(key)]
    changes = {key: "".join(_changes(defaults.get(key, ""), found[key])) if key in found else "not there\n" for key in different}
    return "".join(f"=== {key}\n{text}" for key, text in changes.items())


def _changes(before: str, after: str) -> Iterator[str]:
    """The lines of a unified diff; where a hunk begins and not at which line, which a change above would move."""
    for line in list(unified_diff(before.splitlines(True), after.splitlines(True), n=2))[2:]:
        yield "@@\n" if line.startswith("@@ ") else line


@cache
def _texts(variant: str) -> dict[str, str]:
    return {
        key: yaml.dump(o, Dumper=_Dumper, width=130, allow_unicode=True, default_flow_style=None)
        for key, o in held(render(HELD[variant])).items()
    }


def held(manifests: Manifests) -> dict[str, Any]:
    """The objects by Kind/name, as far as they are held here."""
    return {f"{kind}/{name}": _held(plain(o)) for (kind, name), o in sorted(manifests.items())}


def _held(o: dict[str, Any]) -> Any:
    if o["kind"] == "Secret":
        o["data"] = sorted(o["data"] or ())
    if o["kind"] == "ConfigMap":
        o["data"] = {
            file: text for file, text in o["data"].items() if not file.endswith((".sh", ".sql", ".json", "queries.yaml"))
        }
    return _steady(o)


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "…" if key in CHANGING else _steady(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_steady(item) for item in value]
    return value.replace(VERSION, "VERSION") if isinstance(value, str) else value


class _Dumper(yaml.CSafeDumper):
    """Writes text of several lines as such, and everything in full wherever it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)

if __name__ == "__main__":
    main()
