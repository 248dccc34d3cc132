"""What the tests of alerts have in common: the release that is watched, and what a person must be able to read."""

from functools import partial
from typing import Any

from harness import paths
from harness.kubernetes import POD
from harness.on_cluster.monitoring import Message, Monitoring
from harness.on_cluster.release import Release
from harness.waiting import wait_for

SERVER = "postgresql-bill-inquiry"
# Everything that alerts are not about is off: it would only take its share of the machine.
ALONE: dict[str, Any] = {"backup": {"enabled": False}, "retention": {"enabled": False}}


def tuned(alerts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Values that have these alerts (of which each names what is other than in values.yaml) fire at once."""
    return {"metrics": {"alerts": {"rules": {name: {"for": "0s"} | rule for name, rule in alerts.items()}}}}


def understood(message: Message, *words: str) -> None:
    """Whoever gets the message reads a sentence with these words about the right server, and finds the runbook."""
    assert SERVER in message.summary
    assert message.labels["namespace"] in message.summary
    for word in words:
        assert word in message.summary
    assert message.runbook == f"docs/runbooks/{message.alert}.md"
    assert (paths.ROOT / message.runbook).is_file()
    assert message.labels["severity"] in ("warning", "critical")


def uid(release: Release) -> str:
    """The identity of the server's pod."""
    return str(release.cluster.get(f"pod/{POD}")["metadata"]["uid"])


def service(release: Release) -> dict[str, str]:
    """libpq's environment of the service's own login."""
    return {"PGUSER": "bill_inquiry_user", "PGPASSWORD": release.password("bill_inquiry_user")}


def untold(release: Release, monitoring: Monitoring, alert: str) -> None:
    """Wait until this alert does not fire and whoever was told that it did knows better."""
    namespace = release.cluster.namespace
    firing = partial(monitoring.alerts, namespace)
    wait_for(lambda: alert not in firing(), f"{alert} not to fire", 240, lambda: str(firing()), every=1)
    if monitoring.messages(namespace, alert):
        monitoring.wait_cleared(release, alert)
