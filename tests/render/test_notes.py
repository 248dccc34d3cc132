"""What helm tells after an install."""

import json
import subprocess

import pytest

from harness import paths


def notes(values: dict[str, object]) -> str:
    """The notes of a first install with these values."""
    return subprocess.run(
        [str(paths.BIN / "helm"), "install", "billdb", str(paths.CHART), "--dry-run=client", "--values=-"],
        input=json.dumps(values | {"withoutCluster": "preview"}), check=True, capture_output=True, text=True,
    ).stdout.partition("NOTES:\n")[2]  # fmt: skip


@pytest.mark.parametrize("setting", [{"work_mem": "64MB"}, {"work_mem": 65536}, {"max_connections": 1600}], ids=str)
def test_work_mem_that_all_connections_may_not_have_at_once_is_warned_of_and_not_refused(setting: dict[str, object]) -> None:
    text = notes({"postgresql": {"parameters": setting}})
    found = "shared_buffers with one work_mem for each of max_connections are 6656Mi."
    assert f"WARNING: resources.limits.memory is 2Gi, and {found}" in text


@pytest.mark.parametrize("values", [{}, {"resources": None}, {"resources": {"limits": {"memory": "8Gi"}}}], ids=str)
def test_nothing_is_warned_of_where_memory_suffices_or_has_no_limit(values: dict[str, object]) -> None:
    text = notes(values)
    assert "PostgreSQL for bill_inquiry_db: " in text
    assert "WARNING" not in text
