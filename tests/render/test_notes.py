"""What helm tells after an installation: where the database is opened further than by default, and what may be too large."""

import json
import re
import subprocess

import pytest

from harness import paths

OPEN = {
    "ON EVERY NODE (service.type is NodePort)": {"service": {"type": "NodePort"}},
    "WITHOUT A NETWORK POLICY (networkPolicy.enabled is false)": {"networkPolicy": {"enabled": False}},
    "WITHOUT TLS (tls.mode is disabled)": {"tls": {"mode": "disabled"}},
}


def notes(values: dict[str, object]) -> str:
    """The notes of a first install with these values."""
    command = [str(paths.BIN / "helm"), "install", "billdb", str(paths.CHART), "--dry-run=client", "--kubeconfig=/dev/null"]
    given = json.dumps({"withoutCluster": "preview"} | values)
    printed = subprocess.run([*command, "--values=-"], input=given, check=True, capture_output=True, text=True).stdout
    text = printed.partition("\nNOTES:\n")[2]
    assert "PostgreSQL for bill_inquiry_db: " in text
    return text


def warnings(values: dict[str, object]) -> list[str]:
    """The headings of the warnings: what stands before the colon of a line that begins in capitals."""
    return re.findall(r"^([A-Z]{2}[A-Z ]*[^:]*):", notes(values), re.MULTILINE)


@pytest.mark.parametrize("values", [{}, {"resources": None}, {"resources": {"limits": {"memory": "8Gi"}}}], ids=str)
def test_the_default_opens_nothing_further_and_memory_that_suffices_is_no_warning(values: dict[str, object]) -> None:
    assert warnings(values) == []


@pytest.mark.parametrize(("heading", "values"), OPEN.items(), ids=OPEN)
def test_a_value_that_opens_the_database_further_is_said(heading: str, values: dict[str, object]) -> None:
    assert warnings(values) == [heading]


@pytest.mark.parametrize("setting", [{"work_mem": "64MB"}, {"work_mem": 65536}, {"max_connections": 1600}], ids=str)
def test_work_mem_that_all_connections_may_not_have_at_once_is_warned_of_and_not_refused(setting: dict[str, object]) -> None:
    values: dict[str, object] = {"postgresql": {"parameters": setting}}
    assert warnings(values) == ["WARNING"]
    found = "shared_buffers with one work_mem for each of max_connections are 6656Mi."
    assert f"WARNING: resources.limits.memory is 2Gi, and {found}" in notes(values)
