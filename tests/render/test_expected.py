"""Whole objects are as expected/ has them, and every template has an object there."""

import re
from difflib import unified_diff

import pytest

from harness import paths
from harness.helm_template import PREVIEW, template
from tests.render import expecting

SOURCE = re.compile(r"^# Source: billdb/(templates/.*)$", re.MULTILINE)
RENDERS_NOTHING = {"templates/refusals/problems.yaml"}


@pytest.mark.parametrize("variant", expecting.HELD)
def test_the_objects_are_as_expected(variant: str) -> None:
    file, found = expecting.file_of(variant), expecting.document(variant)
    changed = "\n".join(unified_diff(file.read_text().splitlines(), found.splitlines(), file.name, "rendered", lineterm=""))
    assert not changed, f"\n{changed}\nwhere that is meant, write it anew: python -m tests.render.expecting"


def test_every_template_renders_an_object_that_is_held() -> None:
    files = {str(file.relative_to(paths.CHART)) for file in (paths.CHART / "templates").rglob("*.yaml")}
    rendered = {file for values in expecting.HELD.values() for file in SOURCE.findall(template(PREVIEW | values))}
    assert len(files) > 15
    assert rendered == files - RENDERS_NOTHING, "a variant of expecting.HELD must render each template"
