"""The rules as the chart renders them, and the cases of tests/render/alerts/NAME.yaml in promtool's form.

A case has `series` (promtool's notation, with the placeholders of the rules), `quiet` (times at which the alert does not fire),
`fires` (the summary at a time), and where they are needed `labels` of the alert, `interval` between two samples, `start`, and
`engine`, if it is another than the rule is mostly for.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from harness import commands, paths
from harness.chart import render

CASES = Path(__file__).parent / "alerts"
NAMES = sorted(file.stem for file in (paths.CHART / "monitoring" / "alerts").glob("*.yaml"))
NAMESPACE, SERVER = "phonebill-dev", "postgresql-bill-inquiry"
# These rules are of CloudNativePG's instances alone; the others are tried as a StatefulSet has them, unless a case says so.
OF_INSTANCES = {"BilldbArchiveFailing", "BilldbBaseBackupOverdue", "BilldbInstanceFailing", "BilldbInstancesMissing",
                "BilldbNoSynchronousStandby", "BilldbPoolerDown", "BilldbPoolerWaiting", "BilldbReplicaNotStreaming",
                "BilldbReplicationLag"}  # fmt: skip
# With these every alert makes sense: every one of a StatefulSet's, and every one of CloudNativePG's.
ALL: dict[str, Any] = {
    "metrics": {"enabled": True, "alerts": {"enabled": True, "kind": "ConfigMap"}},
    "snapshots": {"class": "csi"},
}
ALL_OF_CLOUDNATIVEPG: dict[str, Any] = {
    "metrics": ALL["metrics"],
    "snapshots": ALL["snapshots"],
    "engine": "cloudnativepg",
    "cloudnativepg": {
        "archive": {
            "enabled": True,
            "s3": {"endpoint": "https://s3.example.com", "bucket": "wal"},
            "existingSecret": "s",
        },
        "pooler": {"enabled": True},
    },
}
ENGINES = {"statefulset": ALL, "cloudnativepg": ALL_OF_CLOUDNATIVEPG}
PLACEHOLDERS = {
    "${server}": f'namespace="{NAMESPACE}",server="{SERVER}"',
    "${container}": f'namespace="{NAMESPACE}",pod="{SERVER}-0",container="postgresql"',
    "${volume}": f'namespace="{NAMESPACE}",persistentvolumeclaim="{SERVER}-pvc"',
}


def file_of_rules(values: dict[str, Any] | None = None) -> str:
    """The file that a plain Prometheus reads."""
    text: str = render(values or ALL)["ConfigMap", f"{SERVER}-alerts"]["data"]["billdb.rules.yaml"]
    return text


def rules(values: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """The rules by name; without values every one that there is, as its own engine has it."""
    if values is None:
        return rules(ALL_OF_CLOUDNATIVEPG) | rules(ALL)
    groups = yaml.safe_load(file_of_rules(values))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def own_engine(name: str) -> str:
    """The engine with which a rule is tried."""
    return "cloudnativepg" if name in OF_INSTANCES else "statefulset"


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of an alert."""
    found: list[dict[str, Any]] = yaml.safe_load((CASES / f"{name}.yaml").read_text())
    return found


def promtool(*arguments: str) -> str:
    """Run promtool; returns all that it says. Raises CommandError."""
    return commands.run([str(paths.BIN / "promtool"), *arguments], errors_too=True)


def try_cases(name: str, folder: Path) -> None:
    """Have promtool try an alert's cases in an empty folder. Raises CommandError with what is other than it should be."""
    for engine, values in ENGINES.items():
        if found := [case for case in cases(name) if case.get("engine", own_engine(name)) == engine]:
            rule = rules(values)[name]
            summary = {"summary": rule["annotations"]["summary"]}
            tried = {"groups": [{"name": name, "rules": [rule | {"annotations": summary}]}]}
            (folder / f"{engine}.yaml").write_text(json.dumps(tried))
            test = folder / f"{engine}-test.yaml"
            groups = [_group(rule, case) for case in found]
            test.write_text(json.dumps({"rule_files": [f"{engine}.yaml"], "evaluation_interval": "1m", "tests": groups}))
            promtool("test", "rules", str(test))


def _group(rule: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    labels = rule["labels"] | {"namespace": NAMESPACE} | case.get("labels", {})
    expected: dict[str, list[Any]] = {time: [] for time in case.get("quiet", [])}
    for time, summary in case.get("fires", {}).items():
        expected[time] = [{"exp_labels": labels, "exp_annotations": {"summary": summary}}]
    return {
        "name": case["case"],
        "interval": case.get("interval", "1m"),
        "start_timestamp": case.get("start", 0),
        "input_series": [{"series": _filled(series), "values": str(values)} for series, values in case["series"].items()],
        "alert_rule_test": [{"eval_time": t, "alertname": rule["alert"], "exp_alerts": alerts} for t, alerts in expected.items()],
    }


def _filled(series: str) -> str:
    for word, value in PLACEHOLDERS.items():
        series = series.replace(word, value)
    return series
