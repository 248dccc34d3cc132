"""The alerts: what their rules say with these values, tried by promtool at their edges; and that each has all that it needs."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import paths
from tests.render.alerting import (
    ALL,
    CASES,
    ENGINES,
    NAMES,
    OF_INSTANCES,
    cases,
    file_of_rules,
    own_engine,
    promtool,
    rules,
    try_cases,
)
from tests.render.promql import metrics

VALUES = yaml.safe_load((paths.CHART / "values.yaml").read_text())["metrics"]["alerts"]["rules"]
RUNBOOKS = paths.ROOT / "docs" / "runbooks"
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
CRITICAL = {
    "BilldbArchiveFailing",
    "BilldbBackupOverdue",
    "BilldbChecksumFailure",
    "BilldbConnectionsNearlyExhausted",
    "BilldbDiskFillsUp",
    "BilldbDiskNearlyFull",
    "BilldbDown",
    "BilldbNoSynchronousStandby",
    "BilldbNotReady",
    "BilldbPoolerDown",
}


def with_values(**others: Any) -> dict[str, Any]:
    """The values with which every alert makes sense, and these."""
    return ALL | others


def left_out(**others: Any) -> set[str]:
    return set(rules(ALL)) - set(rules(with_values(**others)))


@pytest.mark.parametrize("engine", ENGINES)
def test_promtool_takes_the_file(engine: str, tmp_path: Path) -> None:
    file = tmp_path / "billdb.rules.yaml"
    file.write_text(file_of_rules(ENGINES[engine]))
    number = len(rules(ENGINES[engine]))
    assert f"SUCCESS: {number} rules found" in promtool("check", "rules", "--lint=all", "--lint-fatal", str(file))


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_in_it_was_left_unfilled(engine: str) -> None:
    assert re.findall(r"\$\{\w*", file_of_rules(ENGINES[engine])) == []


def test_each_engine_has_the_alerts_that_make_sense_with_it() -> None:
    assert set(rules(ENGINES["statefulset"])) == set(NAMES) - OF_INSTANCES
    assert set(rules(ENGINES["cloudnativepg"])) == set(NAMES) - {"BilldbNotReady"}, "CloudNativePG has no StatefulSet"


@pytest.mark.parametrize("name", NAMES)
def test_it_fires_and_is_quiet_at_its_edges(name: str, tmp_path: Path) -> None:
    found = cases(name)
    assert any(case.get("fires") for case in found), f"no case of {CASES / name}.yaml fires"
    assert any(case.get("quiet") for case in found), f"no case of {CASES / name}.yaml is quiet"
    # promtool takes 0x30 for the number 48.
    assert [v for case in found for v in case["series"].values() if re.search(r"(^|\s)0x", str(v))] == []
    try_cases(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_how_bad_it_is_and_where_the_runbook_is(name: str) -> None:
    rule = rules()[name]
    assert rule["labels"] == {"severity": "critical" if name in CRITICAL else "warning", "server": "postgresql-bill-inquiry"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
    assert "(phonebill-dev)" in rule["annotations"]["summary"]
    assert max(map(len, rule["annotations"].values())) <= 220


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_runbook(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == HEADINGS
    diagnosis = text.partition("## Diagnosis\n")[2].partition("## Mitigation\n")[0]
    assert re.search(r"^```\n(kubectl|helm) ", diagnosis, re.MULTILINE) or "```sql\n" in diagnosis
    for target in re.findall(r"\]\(([^)#]+\.md)", text):
        assert (RUNBOOKS / target).resolve().is_file(), target


def test_there_is_nothing_of_an_alert_that_is_gone() -> None:
    assert len(NAMES) > 20
    assert sorted(VALUES) == NAMES
    assert sorted(file.stem for file in RUNBOOKS.glob("*.md")) == NAMES
    assert sorted(file.stem for file in CASES.glob("*.yaml")) == NAMES


def waited_for(test: ast.FunctionDef, call: str) -> set[str]:
    """The names of alerts that a test gives to this function, as they stand there or in the test's parametrize."""
    found: set[str] = set()
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == call:
            match node.args[1]:
                case ast.Constant(value=str(name)):
                    found.add(name)
                case ast.Name(id=parameter) if parameter in {argument.arg for argument in test.args.args}:
                    parts = (part for decorator in test.decorator_list for part in ast.walk(decorator))
                    found |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return found


def test_every_alert_was_made_to_fire_on_a_cluster() -> None:
    """A module of tests/cluster says in FIRES which alerts its tests make fire and clear, each by its test's name.

    That test waits for either, by the alert's name.
    """
    made: dict[str, str] = {}
    for file in sorted((paths.ROOT / "tests" / "cluster").glob("test_alerts*.py")):
        tree = ast.parse(file.read_text())
        tests = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for node in tree.body:
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["FIRES"]:
                named: dict[str, str] = ast.literal_eval(node.value)
                for alert, test in named.items():
                    assert test in tests, f"{file.name}: FIRES names {test}, which is not there"
                    for call in ("wait_firing", "wait_cleared"):
                        assert alert in waited_for(tests[test], call), f"{file.name}: {test} has no {call} of {alert}"
                made |= named
    assert sorted(made) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_of_it_does_something(name: str) -> None:
    """Another value than the default is in the rule, where the default was."""
    others: dict[str, Any] = {"threshold": 17, "for": "23s", "window": "29h", "recent": "31m"}
    before = rules()[name]
    for key in VALUES[name]:
        metrics = {"enabled": True, "alerts": {"enabled": True, "kind": "ConfigMap", "rules": {name: {key: others[key]}}}}
        after = rules(ENGINES[own_engine(name)] | {"metrics": metrics})[name]
        part = "for" if key == "for" else "expr"
        assert after[part] != before[part], key
        assert key == "threshold" or others[key] in after[part]


def test_no_group_has_more_rules_than_azure_takes() -> None:
    for values, others in ((ENGINES["statefulset"], set()), (ENGINES["cloudnativepg"], {"postgresql-bill-inquiry-instances"})):
        groups = {group["name"]: len(group["rules"]) for group in yaml.safe_load(file_of_rules(values))["groups"]}
        assert set(groups) == {"postgresql-bill-inquiry", "postgresql-bill-inquiry-about"} | others
        assert max(groups.values()) <= 20
    about = [name for name in NAMES if re.search("Overdue|Ends|Job|OfLife|KOS|Stuck", name)]
    alone = with_values(metrics={"enabled": True, "alerts": {"enabled": True, "kind": "ConfigMap", "exclude": about}})
    [group] = yaml.safe_load(file_of_rules(alone))["groups"]
    assert group["name"] == "postgresql-bill-inquiry"


def test_the_document_has_a_query_for_each_metric_that_others_tell_of() -> None:
    """A metric of the kubelet's or of kube-state-metrics that is missing leaves rules silent for ever: somebody must look."""
    document = (paths.ROOT / "docs" / "alerts.md").read_text()
    asked = [set(metrics(query)) for query in document.partition("```promql\n")[2].partition("```")[0].splitlines()]
    table = document.partition("| from | alerts |")[2].partition("\n\n")[0]
    read = {name: where for where, rule in rules().items() for name in metrics(rule["expr"])}
    others = {name: where for name, where in read.items() if re.match("container_|kubelet_|kube_", name)}
    assert len(others) > 10
    for name, alert in others.items():
        assert any(name in names for names in asked), f"no query of {name}, which {alert} reads"
        assert f"`{name}`" in table, f"the table lacks {name}, which {alert} reads"
    # A Job that did not fail has the second one.
    assert {name for names in asked for name in names} - others.keys() == {"kube_job_complete"}


def test_a_failed_query_is_remembered_for_longer_than_the_exporter_keeps_its_empty_result() -> None:
    queries = [yaml.safe_load(file.read_text()) for file in (paths.CHART / "monitoring" / "queries").glob("*.yaml")]
    kept = max(query["cache_seconds"] for file in queries for query in file.values())
    window = VALUES["BilldbMetricsMissing"]["window"]
    assert int(window.removesuffix("m")) * 60 >= kept + 60


def test_an_alert_is_left_out_by_its_name() -> None:
    metrics = {"enabled": True, "alerts": {"enabled": True, "kind": "ConfigMap", "exclude": ["BilldbCPU", "BilldbEndOfLife"]}}
    assert left_out(metrics=metrics) == {"BilldbCPU", "BilldbEndOfLife"}


SENSELESS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "no limit of the CPU": ({"resources": {"limits": {"cpu": None}}}, {"BilldbCPU"}),
    "no limit of memory": ({"resources": {"limits": {"memory": None}}}, {"BilldbMemory"}),
    "no TLS": ({"tls": {"mode": "disabled"}}, {"BilldbCertificateEnds"}),
    "no snapshots": ({"snapshots": {"class": ""}}, {"BilldbSnapshotOverdue"}),
    "no backups": ({"backup": {"enabled": False}}, {"BilldbBackupOverdue", "BilldbCheckOverdue"}),
    "backups that do not run": ({"backup": {"suspend": True}}, {"BilldbBackupOverdue", "BilldbCheckOverdue"}),
    "no drills": (
        {"backup": {"drill": {"enabled": False}}, "snapshots": {"class": "csi", "drill": {"enabled": False}}},
        {"BilldbDrillOverdue"},
    ),
    "nothing that runs by itself": (
        {"backup": {"enabled": False}, "snapshots": {"class": ""}, "retention": {"enabled": False}},
        {"BilldbBackupOverdue", "BilldbCheckOverdue", "BilldbDrillOverdue", "BilldbSnapshotOverdue", "BilldbCronJobMissed"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("values", "without"), SENSELESS.values(), ids=SENSELESS)
def test_an_alert_that_could_never_fire_or_always_would_is_left_out(values: dict[str, Any], without: set[str]) -> None:
    assert left_out(**values) == without


def test_a_drill_is_one_of_the_kinds_that_there_are() -> None:
    assert 'kind=~"drill|snapshot-drill"' in rules()["BilldbDrillOverdue"]["expr"]
    assert 'kind=~"drill"' in rules(with_values(snapshots={"class": ""}))["BilldbDrillOverdue"]["expr"]
    assert 'kind=~"snapshot-drill"' in rules(with_values(backup={"enabled": False}))["BilldbDrillOverdue"]["expr"]


def test_the_cronjobs_are_those_that_run_by_themselves() -> None:
    retention = ["bill-inquiry-delete-expired-cache", "bill-inquiry-delete-old-history"]
    others = ["bill-inquiry-backup", "bill-inquiry-backup-check", "bill-inquiry-snapshot", "bill-inquiry-drill"]
    all_of_them = [*retention, *others, "bill-inquiry-snapshot-drill"]
    without = with_values(backup={"suspend": True}, snapshots={"class": ""})
    for values, jobs in ((ALL, all_of_them), (without, retention)):
        found = re.findall('cronjob=~"(.*?)"', rules(values)["BilldbCronJobMissed"]["expr"])
        assert set(found) == {"|".join(jobs), "|".join(retention)}


def test_a_limit_is_the_one_of_the_values() -> None:
    found = rules(with_values(resources={"limits": {"cpu": "1500m", "memory": "3Gi"}}))
    assert " / 1.5 > 80" in found["BilldbCPU"]["expr"]
    assert f") / {3 << 30} > 85" in found["BilldbMemory"]["expr"]


@pytest.mark.parametrize(
    ("parameters", "wal", "keep", "slot"),
    [
        ({}, 2 << 30, 0, 3 << 30),
        ({"max_wal_size": "4GB"}, 4 << 30, 0, 3 << 30),
        ({"max_wal_size": 512, "max_slot_wal_keep_size": -1}, 512 << 20, 0, 768 << 20),
        ({"max_wal_size": None, "max_slot_wal_keep_size": 1024}, 1 << 30, 0, 768 << 20),
        ({"max_slot_wal_keep_size": 0}, 2 << 30, 0, 16 << 20),
        ({"max_slot_wal_keep_size": "0MB", "wal_keep_size": "1GB"}, 2 << 30, 1 << 30, 768 << 20),
        ({"max_slot_wal_keep_size": None, "wal_keep_size": 4096}, 2 << 30, 4 << 30, 3 << 30),
    ],
)
def test_wal_is_held_against_the_settings(parameters: dict[str, Any], wal: int, keep: int, slot: int) -> None:
    expression = rules(with_values(postgresql={"parameters": parameters}))["BilldbWALGrowth"]["expr"]
    assert f"> 1.5 * {wal} + {keep}\n" in expression
    assert f"> {slot}\n" in expression


def test_a_certificate_is_not_near_its_end_before_it_is_renewed() -> None:
    tls = {"validityDays": 90, "renewBeforeDays": 10, "caValidityDays": 100}
    assert "< 10" in rules(with_values(tls=tls))["BilldbCertificateEnds"]["expr"]
    brought = {"mode": "existingSecret", "existingSecret": "mine", **tls}
    assert "< 21" in rules(with_values(tls=brought))["BilldbCertificateEnds"]["expr"]
