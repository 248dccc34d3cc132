"""What the runbooks tell a person to run for the diagnosis, run as it is written."""

import re
from pathlib import Path

import pytest

from harness import commands, paths
from harness.kubernetes import Cluster
from harness.on_cluster import documents
from harness.on_cluster.release import Release
from tests.render.alerting import OF_INSTANCES

RUNBOOKS = paths.ROOT / "docs" / "runbooks"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)  # its language, none for a command
# These need a cluster with snapshots, or CloudNativePG's instances.
ELSEWHERE = dict.fromkeys(OF_INSTANCES, "test_alerts_cloudnativepg.py") | {
    "BilldbSnapshotOverdue": "test_alerts_snapshots.py",
    "BilldbBaseBackupOverdue": "test_alerts_archive.py",
    "BilldbPoolerDown": "test_alerts_pooler.py",
    "BilldbPoolerWaiting": "test_alerts_pooler.py",
}
NAMES = sorted({file.stem for file in RUNBOOKS.glob("*.md")} - ELSEWHERE.keys())


def diagnose(name: str, cluster: Cluster) -> str:
    """Run every command and statement of a runbook's Diagnosis; returns what they print. Raises CommandError."""
    diagnosis = (RUNBOOKS / f"{name}.md").read_text().partition("## Diagnosis\n")[2].partition("## Mitigation\n")[0]
    blocks = BLOCK.findall(diagnosis)
    assert blocks, f"{name}.md has no block"
    assert {language for language, _ in blocks} <= {"", "sql"}
    return "\n".join(cluster.sql(text) if language else documents.run(text, cluster, paths.ROOT) for language, text in blocks)


@pytest.fixture(scope="module")
def watched(exporter_image: None, release: Release) -> Release:
    """A release as most are, with its exporter."""
    release.install({"metrics": {"enabled": True}})
    return release


@pytest.mark.parametrize("name", NAMES)
def test_the_diagnosis_runs_as_it_is_written(watched: Release, name: str) -> None:
    assert diagnose(name, watched.cluster)


def test_the_document_of_the_alerts_gives_the_file_that_a_plain_prometheus_reads(watched: Release, tmp_path: Path) -> None:
    blocks = BLOCK.findall((RUNBOOKS.parent / "alerts.md").read_text())
    switch_on, *ways = (line for language, text in blocks if not language for line in text.splitlines())
    assert "STATUS: deployed" in documents.run(switch_on, watched.cluster, tmp_path)
    file = tmp_path / "billdb.rules.yaml"
    found = []
    for way in ways:
        documents.run(way, watched.cluster, tmp_path)
        assert "SUCCESS" in commands.run([str(paths.BIN / "promtool"), "check", "rules", str(file)])
        found.append(file.read_text())
        file.unlink()
    assert len(found) == 2
    assert found[0] == found[1]
