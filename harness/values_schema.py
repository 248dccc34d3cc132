"""Makes chart/values.schema.json and the table of chart/README.md from chart/values.yaml and chart/values.schema.yaml.

Every key is described once, by a `# -- ` comment above it in values.yaml or, where it has none there, in values.schema.yaml.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import yaml

from harness import paths

BEGIN, END = "<!-- values -->\n", "<!-- end of values -->"
Path = tuple[str, ...]


def main() -> None:
    """Write both files anew where they are out of date."""
    for file, text in documents().items():
        if file.read_text() != text:
            file.write_text(text)


def documents() -> dict[File, str]:
    """What each file should hold."""
    values = (paths.CHART / "values.yaml").read_text()
    defaults, words = yaml.safe_load(values), dict(_comments(yaml.compose(values), values.splitlines(), ()))
    readme = paths.CHART / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    rows = "".join(f"| `{'.'.join(path)}` | {_shown(defaults, path, words)} | {text} |\n" for path, text in words.items())
    table = f"| key | default | what it is |\n| --- | --- | --- |\n{rows}"
    return {
        paths.CHART / "values.schema.json": json.dumps(schema(defaults, words), indent=2, ensure_ascii=False) + "\n",
        readme: f"{before}{BEGIN}{table}{END}{rest.partition(END)[2]}",
    }


def schema(defaults: dict[str, Any], words: dict[Path, str]) -> dict[str, Any]:
    """The schema of values.schema.yaml, closed, with descriptions and with what is required."""
    whole = copy.deepcopy(yaml.safe_load((paths.CHART / "values.schema.yaml").read_text()))
    del whole["$defs"]
    return {"$schema": "http://json-schema.org/draft-07/schema#", **_completed(whole, defaults, words, ())}


def _completed(part: Any, default: Any, words: dict[Path, str], path: Path) -> Any:
    """A copy of one key's schema: the same anchor means another key elsewhere."""
    if not isinstance(part, dict):
        return part
    done: dict[str, Any] = ({"description": words[path]} if path in words else {}) | part
    given = default if isinstance(default, dict) else {}
    if "type" in part and ("properties" in part or "patternProperties" in part):
        named = part.get("properties", {})
        done.setdefault("additionalProperties", False)
        done["properties"] = {key: _completed(below, given.get(key), words, (*path, key)) for key, below in named.items()}
        required = [key for key, below in named.items() if given.get(key) not in ("", None, [], {}) and not _nullable(below)]
        if required:
            done.setdefault("required", required)
    if "items" in part:
        done["items"] = _completed(part["items"], None, words, (*path, ""))
    return done


def _nullable(part: dict[str, Any]) -> bool:
    return "null" in part.get("type", ()) or None in part.get("enum", ())


def _comments(node: yaml.Node | None, lines: list[str], path: Path) -> Iterator[tuple[Path, str]]:
    """The `# -- ` comment above each key, in the file's order, its lines made one."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        above: list[str] = []
        for line in reversed(lines[: key.start_mark.line]):
            if not line.strip().startswith("# "):
                break
            above.insert(0, line.strip().removeprefix("# "))
            if above[0].startswith("-- "):
                yield (*path, key.value), " ".join(above).removeprefix("-- ")
                break
        yield from _comments(value, lines, (*path, key.value))


def _shown(default: Any, path: Path, words: dict[Path, str]) -> str:
    """A default as the table shows it: nothing where the rows below tell more, or where values.yaml is easier to read."""
    for key in path:
        default = default[key]
    text = json.dumps(default, ensure_ascii=False)
    below = any(len(other) > len(path) and other[: len(path)] == path for other in words)
    return "" if below else f"`{text}`" if len(text) <= 60 else "see values.yaml"


if __name__ == "__main__":
    main()
