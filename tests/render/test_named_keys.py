"""The documents name values that there are."""

import re
from typing import Any

import yaml

from harness import paths

DOCUMENTS = [paths.ROOT / "README.md", paths.CHART / "README.md", *sorted((paths.ROOT / "docs").glob("*.md"))]
VALUES: dict[str, Any] = yaml.safe_load((paths.CHART / "values.yaml").read_text())
MAPS = [key for key, value in VALUES.items() if isinstance(value, dict) and value]
OTHER_NAMES = {"postgresql.conf", "service.beta.kubernetes.io"}
NAMED = re.compile(rf"`((?:{'|'.join(MAPS)})(?:\.\w+)+)")


def known(path: str) -> bool:
    """Whether the path leads to a value; ROLE stands for any role, and below a map without keys anything may be."""
    here: Any = VALUES
    for key in path.split("."):
        if not isinstance(here, dict) or not here:
            return here == {} or here is None
        here = next(iter(here.values())) | {"password": ""} if key == "ROLE" else here.get(key, "missing")
        if here == "missing":
            return path.startswith("postgresql.parameters.")
    return True


def test_every_value_that_a_document_names_is_one() -> None:
    named = {(file.name, path) for file in DOCUMENTS for path in NAMED.findall(file.read_text())}
    named = {(file, path) for file, path in named if path not in OTHER_NAMES}
    assert len(named) > 40
    assert sorted((file, path) for file, path in named if not known(path)) == []
