"""Questions to a running Prometheus, as its HTTP API answers them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from harness.waiting import wait_for

DIRECTLY = build_opener(ProxyHandler({}))  # the cluster's addresses are this machine's own


@dataclass(frozen=True)
class Sample:
    """One series of an answer: its labels without its name, and its value now."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus at an address such as http://10.96.0.7:9090."""

    address: str

    def query(self, promql: str) -> list[Sample]:
        """The series that the expression gives now; none where it gives nothing. Raises HTTPError for what is no PromQL."""
        result = self.ask("query", query=promql)["result"]
        return [
            Sample({name: value for name, value in each["metric"].items() if name != "__name__"}, float(each["value"][1]))
            for each in result
        ]

    def value(self, promql: str) -> float:
        """The value of an expression that gives exactly one series; one that was not scraped just now is waited for."""
        [sample] = wait_for(lambda: self.query(promql), promql, every=1)
        return sample.value

    def alerts(self, namespace: str) -> dict[str, str]:
        """The alerts of a namespace that are not inactive: name → `firing` if one of that name does, else `pending`."""
        states: dict[str, str] = {}
        for alert in self.ask("alerts")["alerts"]:
            name = alert["labels"]["alertname"]
            if alert["labels"].get("namespace") == namespace and states.get(name) != "firing":
                states[name] = alert["state"]
        return states

    def rules(self, namespace: str) -> dict[str, dict[str, Any]]:
        """The alerting rules that a PrometheusRule of the namespace holds: name → what the API tells of the rule.

        The operator puts each PrometheusRule into a file that is called by its namespace and name.
        """
        groups = self.ask("rules", type="alert")["groups"]
        return {rule["name"]: rule for group in groups if f"/{namespace}-" in group["file"] for rule in group["rules"]}

    def targets(self, namespace: str) -> list[dict[str, Any]]:
        """What is asked for metrics in a namespace, as the API tells it: labels, health, lastError."""
        targets: list[dict[str, Any]] = self.ask("targets", state="active")["activeTargets"]
        return [target for target in targets if target["labels"].get("namespace") == namespace]

    def ask(self, what: str, **parameters: str) -> Any:
        """The `data` of the answer to /api/v1/`what`."""
        with DIRECTLY.open(f"{self.address}/api/v1/{what}?{urlencode(parameters)}", timeout=30) as answer:
            return json.load(answer)["data"]
