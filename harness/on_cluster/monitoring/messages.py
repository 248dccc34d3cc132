"""A Prometheus whose alerts are sent on, and the messages that a person would get."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from harness.kubernetes import Cluster
from harness.on_cluster.monitoring.prometheus import DIRECTLY, Prometheus
from harness.on_cluster.release import Release
from harness.waiting import wait_for

PATIENCE = 240  # seconds in which the kubelet hands changed configuration to a pod, and a rule's `for` passes
POD = "prometheus-all-0"


@dataclass(frozen=True)
class Message:
    """An alert as Alertmanager has sent it: `state` is `firing` or `resolved`."""

    alert: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def summary(self) -> str:
        """The sentence that a person reads first."""
        return self.annotations["summary"]

    @property
    def runbook(self) -> str:
        """Where that person goes on."""
        return self.annotations["runbook_url"]


@dataclass(frozen=True)
class Monitoring(Prometheus):
    """A running Prometheus with an Alertmanager that sends to `receiver`, both in the namespace of `cluster`."""

    receiver: str
    cluster: Cluster

    def messages(self, namespace: str, alert: str | None = None) -> list[Message]:
        """What was sent of a namespace's alerts (of this name), oldest first."""
        with DIRECTLY.open(self.receiver, timeout=30) as answer:
            sent = [
                Message(each["labels"]["alertname"], each["status"], each["labels"], each["annotations"])
                for each in json.load(answer)
            ]
        return [each for each in sent if each.labels.get("namespace") == namespace and alert in (None, each.alert)]

    def wait_watched(self, release: Release) -> None:
        """Wait until the release's exporter has been asked with success and its rules have been evaluated.

        To be called after each install and upgrade that changes what is scraped or what the rules say.
        """
        namespace = release.cluster.namespace
        wanted = {
            rule["alert"]: rule["expr"]
            for each in release.cluster.get("prometheusrules")["items"]
            for group in each["spec"]["groups"]
            for rule in group["rules"]
        }

        def watched() -> bool:
            self._hurry()
            up = [target["health"] == "up" for target in self.targets(namespace)]
            loaded = self.rules(namespace)
            return bool(up) and all(up) and loaded.keys() == wanted.keys() and all(r["health"] == "ok" for r in loaded.values())

        def seen() -> str:
            targets = [f"{target['scrapeUrl']}: {target['health']} {target['lastError']}" for target in self.targets(namespace)]
            rules = [f"{name}: {rule['health']} {rule.get('lastError', '')}" for name, rule in self.rules(namespace).items()]
            return "\n".join(["targets:", *targets, "rules:", *rules])

        wait_for(watched, f"Prometheus to watch {namespace}", PATIENCE, seen, every=2)

    def wait_firing(self, release: Release, alert: str, labels: Mapping[str, str] | None = None) -> Message:
        """Wait until the newest message about this alert (with these labels) says that it fires; returns that message."""
        return self._wait(release, alert, labels or {}, "firing")

    def wait_cleared(self, release: Release, alert: str, labels: Mapping[str, str] | None = None) -> Message:
        """Wait until the newest message about this alert (with these labels) says that it has ended; returns that message."""
        return self._wait(release, alert, labels or {}, "resolved")

    def _wait(self, release: Release, alert: str, labels: Mapping[str, str], state: str) -> Message:
        namespace = release.cluster.namespace

        def newest() -> Message | None:
            matching = [each for each in self.messages(namespace, alert) if labels.items() <= each.labels.items()]
            return matching[-1] if matching and matching[-1].state == state else None

        def seen() -> str:
            rule = self.rules(namespace).get(alert)
            if not rule:
                return f"{namespace} has no such rule; it has {', '.join(self.rules(namespace)) or 'none'}"
            sent = [f"{each.state} {dict(each.labels)}" for each in self.messages(namespace, alert)] or ["nothing"]
            told = f"{rule['state']}: {rule['query']} for {rule['duration']:g} s gives {self.query(rule['query'])}"
            return "\n".join([told, rule.get("lastError", ""), "what was sent:", *sent])

        found = wait_for(newest, f"a message that {alert} of {namespace} is {state}", PATIENCE, seen, every=0.5)
        assert found
        return found

    def _hurry(self) -> None:
        """Have the kubelet hand changed configuration to Prometheus' pod now: it looks at a pod whose annotations change."""
        now = json.dumps({"metadata": {"annotations": {"billdb.test/seen": str(time.time_ns())}}})
        self.cluster.kubectl("patch", f"pod/{POD}", "--type=merge", f"--patch={now}")
