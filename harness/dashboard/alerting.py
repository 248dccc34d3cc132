"""Where the dashboard's colours begin: at the thresholds of the chart's alerts, as values.yaml has them."""

from typing import Any

import yaml

from harness import paths
from harness.dashboard.panels import CRITICAL, GOOD, WARNING, Steps

COLOURS = {"warning": WARNING, "critical": CRITICAL}


def above(*alerts: str, times: float = 1) -> Steps:
    """The colour of each alert's severity from its threshold on; `times`: the panel's unit in one of the alert's."""
    return {_threshold(alert) * times: _colour(alert) for alert in alerts}


def below(alert: str) -> Steps:
    """The colour of the alert's severity up to its threshold, and good from there on."""
    return {None: _colour(alert), _threshold(alert): GOOD}


def _threshold(alert: str) -> float:
    values: Any = yaml.safe_load((paths.CHART / "values.yaml").read_text())
    threshold: float = values["metrics"]["alerts"]["rules"][alert]["threshold"]
    return threshold


def _colour(alert: str) -> str:
    rule = yaml.safe_load((paths.CHART / "monitoring" / "alerts" / f"{alert}.yaml").read_text())
    return COLOURS[rule["labels"]["severity"]]
