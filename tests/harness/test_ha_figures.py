import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import results, run
from benchmarks.ha import creating, fault_report, faults, filling, moving, reading, recovering, servers, writing
from benchmarks.ha.fault_report import OURS, SAMPLE, Suffered
from benchmarks.ha.writing import SYNCHRONOUS, WAYS
from benchmarks.results import Section
from benchmarks.schema import pgbench, writes
from benchmarks.schema.pgbench import Execution, Times
from harness.kubernetes import Cluster
from harness.on_cluster.fault_run import Outcome
from harness.on_cluster.release import Release

LOG = """0 1 2500 0 1700000000 250000
1 1 1500 0 1700000001 750000
"""


def outcomes(fault: str, *silences: float) -> Sequence[Outcome]:
    return [Outcome(fault, silence, 30, ()) for silence in silences]


SIDES = {
    OURS: Suffered({"primary_killed": outcomes("primary_killed", 5, 7, 12), "updated": outcomes("updated", 3)}, [], 1_000, 0),
    SAMPLE: Suffered({"primary_killed": outcomes("primary_killed", 6)}, ["updated: waited in vain"], 2_000, 3),
}


def times(rate: float, milliseconds: float, number: int = 1_000) -> Times:
    return Times([Execution(n / rate, (n + 1) / rate, milliseconds) for n in range(number)])


def test_the_worst_of_a_dead_primary_and_the_lost_commits_are_the_headline() -> None:
    assert fault_report.headline(SIDES) == (
        "**A dead primary** costs writers 12.0 s at worst (aim: 15)."
        " Acknowledged commits lost: 0 of 1,000 on the chart, 3 of 2,000 on CloudNativePG's sample."
    )


def test_faults_stand_beside_those_of_the_sample_and_what_failed_is_told() -> None:
    lines = fault_report.section(SIDES).splitlines()
    killed = fault_report.LABELS["primary_killed"]
    assert [line for line in lines if line.startswith("| the primary")] == [
        f"| {killed} | the chart | 3 | 7.0 (5.0 to 12.0) | 30 (30 to 30) |",
        f"| {killed} | CloudNativePG's sample | 1 | 6.0 (6.0 to 6.0) | 30 (30 to 30) |",
    ]
    assert "- updated: waited in vain" in lines


def test_a_fault_that_does_not_end_well_is_kept_and_the_next_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Run:
        instances = None
        outcomes = outcomes("updated", 1)

        def run(self, names: Sequence[str], _team: object) -> None:
            assert names != ["primary_killed"], "it stayed away\nand more of it"

    side = faults.Side(Run(), None)  # type: ignore[arg-type]
    for name in ("primary_killed", "updated"):
        side.suffer(name, [])
    assert side.failures == ["primary_killed: it stayed away"]
    assert {name: len(found) for name, found in side.found.items()} == {"updated": 1}


@pytest.mark.parametrize("measured", [faults.KINDS, faults.NODE_KINDS], ids=["one node", "nodes"])
def test_every_fault_has_a_label(measured: Sequence[str]) -> None:
    assert set(measured) <= set(fault_report.LABELS)


def test_a_log_of_pgbench_has_each_execution() -> None:
    assert pgbench.logged(LOG).executions == [
        Execution(1700000000.2475, 1700000000.25, 2.5),
        Execution(1700000001.7485, 1700000001.75, 1.5),
    ]


def test_an_inquiry_is_three_commits_of_the_row_that_it_made() -> None:
    statements = [line for line in writing.INQUIRY.splitlines() if not line.startswith("\\set")]
    assert [statement.split()[0] for statement in statements] == ["INSERT", "INSERT", "UPDATE"]
    assert len(statements) == writing.COMMITS == len(writes.OF_AN_INQUIRY)
    assert statements[0].endswith("RETURNING id AS number, request_id AS request \\gset")
    assert "VALUES (:request, " in statements[1]
    assert "md5(" not in writing.INQUIRY, "a row of a turn before has that id"


def test_the_scripts_variables_are_bound() -> None:
    made = set(re.findall(r"\\set (\w+)", writing.INQUIRY)) | {"number", "request"} | set(writes.CONSTANTS)
    used = set(re.findall(r"(?<!:):(\w+)", writing.INQUIRY))
    assert "line" in used
    assert used - made == set()


def test_commits_are_compared_with_the_statefulset_turn_by_turn() -> None:
    found = {name: [times(100, 20)] * 5 for name in WAYS} | {SYNCHRONOUS: [times(50, 40)] * 5}
    assert f"| {SYNCHRONOUS} | 20 | 5 | 150 (150 to 150) | 0.50 (0.50 to 0.50) | 40.0 (40.0 to 40.0) |" in writing.section(found)
    assert "writes 50 inquiries a second, which are 4.3 million a day" in writing.headline(found)


def test_the_pooler_is_asked_by_20_200_and_1000_clients() -> None:
    assert [way.clients for way in WAYS.values() if way.service == writing.POOLER] == [20, 200, 1_000]
    assert {way.place for way in WAYS.values() if way.service == writing.POOLER} == {"synchronous"}


def test_every_way_to_write_has_a_release() -> None:
    assert {way.place for way in WAYS.values()} == set(writing.PLACES)


def test_readings_are_compared_with_the_primarys() -> None:
    primary, replicas, everybody = reading.SERVICES
    text = reading.section(1_000, {primary: [times(10, 1)], replicas: [times(20, 1)], everybody: [times(30, 1)]})
    assert f"| {everybody} | 1 | 30 (30 to 30) | 3.00 (3.00 to 3.00) |" in text


def test_a_move_is_told_in_minutes_and_by_size() -> None:
    text = moving.section(1_000, 0.5, {moving.THERE: [60.0, 120.0, 90.0], moving.BACK: [30.0]})
    assert f"| {moving.THERE} | 3 | 1.5 (1.0 to 2.0) | 180 (120 to 240) |" in text


@pytest.mark.parametrize("way", moving.BEGIN)
def test_a_move_is_one_block_of_the_document(way: str) -> None:
    assert "helm uninstall" in moving.commands(way)


def test_a_recovery_is_held_to_what_is_aimed_at_by_its_worst() -> None:
    text = recovering.section(1_000, 2.0, 8, [60.0, 120.0])
    assert "is there in 2.0 minutes at worst (aim: 10)" in text
    assert "| recovery to a moment | 2 | 90.0 (60.0 to 120.0) | 45 (30 to 60) |" in text


def test_the_sample_is_the_documentations_but_for_its_name_image_and_database() -> None:
    sample = {"metadata": {"name": "cluster-example"}, "spec": {"instances": 3, "storage": {"size": "1Gi"}}}
    made = servers.like_sample(sample, {"affinity": {}})
    assert made["metadata"]["name"] == "postgresql-bill-inquiry"
    assert made["spec"].keys() - servers.OF_SAMPLE["spec"].keys() == {"instances", "affinity"}
    assert made["spec"]["storage"] == {"size": "1Gi", "storageClass": "managed-standard"}


def test_the_rows_are_loaded_after_what_draws_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def psql(_release: Release, script: str, **_variables: object) -> str:
        asked.append(script)
        return "1000000000"

    monkeypatch.setattr(servers, "psql", psql)
    assert filling.fill(Release(Cluster(Path(), "")), 10) == 1.0
    assert "CREATE SCHEMA bench" in asked[0]
    assert ["INSERT INTO" in script for script in asked[1:4]] == [True] * 3


def test_each_part_of_ha_has_a_section_of_its_own() -> None:
    titles = [part.title for name, part in run.PARTS.items() if name.startswith("ha ")]
    assert len(set(titles)) == len(titles) == 7
    both = results.replaced(results.replaced("", titles[0], "a", titles), titles[1], "b", titles)
    assert both.count("\n## High availability: ") == 2


def test_the_turns_asked_for_are_those_of_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "measure", lambda number: Section(f"{number} turns", ""))
    assert run.PARTS["ha create"].measure(argparse.Namespace(turns=5)) == Section("5 turns", "")
