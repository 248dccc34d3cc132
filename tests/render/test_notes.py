"""The warnings that helm prints after an installation: the values that open the database further than the default."""

import re
import subprocess

import pytest
import yaml

from harness import paths

OPEN = {
    "ON EVERY NODE (service.type is NodePort)": {"service": {"type": "NodePort"}},
    "WITHOUT A NETWORK POLICY (networkPolicy.enabled is false)": {"networkPolicy": {"enabled": False}},
    "WITHOUT TLS (tls.mode is disabled)": {"tls": {"mode": "disabled"}},
}


def warnings(values: dict[str, object]) -> list[str]:
    """The headings of the warnings: what stands before the colon of a line that begins in capitals."""
    command = [str(paths.BIN / "helm"), "install", "billdb", str(paths.CHART), "--dry-run=client", "--kubeconfig=/dev/null"]
    given = yaml.safe_dump({"withoutCluster": "preview"} | values)
    printed = subprocess.run([*command, "--values=-"], input=given, capture_output=True, text=True, check=True).stdout
    notes = printed.partition("\nNOTES:\n")[2]
    assert notes, printed[-500:]
    return re.findall(r"^([A-Z]+ [A-Z]+ [^:]*):", notes, re.MULTILINE)


def test_the_default_opens_nothing_further() -> None:
    assert warnings({}) == []


@pytest.mark.parametrize(("heading", "values"), OPEN.items(), ids=OPEN)
def test_a_value_that_opens_the_database_further_is_said(heading: str, values: dict[str, object]) -> None:
    assert warnings(values) == [heading]
