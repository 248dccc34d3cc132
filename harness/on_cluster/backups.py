"""The Jobs of backups on a cluster: started as a person starts them, and what they leave."""

import json
import re
from typing import Any

from harness.on_cluster.release import Release

BACKUP = "bill-inquiry-backup"


def run_now(release: Release, cronjob: str, name: str, condition: str = "Complete") -> str:
    """Start a run of a CronJob by hand and wait for this end of it; returns the log of its last pod."""
    start(release, cronjob, name)
    return ended(release, name, condition)


def start(release: Release, cronjob: str, name: str) -> None:
    """Start a run of a CronJob by hand."""
    release.cluster.kubectl("create", "job", f"--from=cronjob/{cronjob}", name)


def ended(release: Release, name: str, condition: str = "Complete") -> str:
    """Wait for this end of a Job; returns the log of its last pod."""
    release.cluster.kubectl("wait", f"job/{name}", f"--for=condition={condition}", "--timeout=300s", timeout=320)
    pods = release.cluster.get("pods", f"--selector=batch.kubernetes.io/job-name={name}")["items"]
    newest = max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    return release.cluster.kubectl("logs", newest["metadata"]["name"])


def backup(release: Release, name: str) -> str:
    """Make a backup by hand; returns its id."""
    log = run_now(release, BACKUP, name)
    found = re.search(r"backup ([0-9a-f]{8}):", log)
    assert found, log
    return found[1]


def results(release: Release, kind: str) -> list[dict[str, Any]]:
    """The rows of audit.backup_run of a kind, the oldest first."""
    query = f"SELECT coalesce(json_agg(to_json(r) ORDER BY id), '[]') FROM audit.backup_run AS r WHERE kind = '{kind}'"
    found: list[dict[str, Any]] = json.loads(release.cluster.sql(query))
    return found
