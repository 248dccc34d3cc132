"""The command line of `up`, what helm is given, and what becomes of a release that an interrupted helm left."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from harness import clients, install, paths, proxy, storage, up
from harness.errors import UserError
from harness.kubernetes import Cluster
from harness.local.node import ADDRESS, POD_RANGE, SERVICE_RANGE

PRESETS = sorted(file.stem for file in paths.PRESETS.iterdir())
CLASS = "storageclass.storage.k8s.io/managed-standard"
DRIVER = "csidriver.storage.k8s.io/disk.csi.azure.com"
CONFIG = {
    "contexts": [{"name": "people", "context": {"cluster": "company"}}],
    "clusters": [{"name": "company", "cluster": {"server": "https://k8s.example.com"}}],
    "current-context": "people",
}
Said = Callable[..., Cluster]


@pytest.fixture
def cluster(empty_checkout: Path, tmp_path: Path) -> Said:
    """A cluster whose kubectl and helm write down their command lines and answer as they are told."""

    def make(helm: str, kubectl: str = "") -> Cluster:
        paths.BIN.mkdir(parents=True)
        for name, script in {"helm": helm, "kubectl": kubectl}.items():
            (paths.BIN / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {tmp_path}/log\n{script}\n')
            (paths.BIN / name).chmod(0o755)
        return Cluster(tmp_path / "kubeconfig", "ns")

    return make


def called(folder: Path) -> list[str]:
    return [line for line in (folder / "log").read_text().splitlines() if " status " not in line and " history " not in line]


def state(name: str, revisions: str = "") -> str:
    """helm's answers where the release is in this state; `revisions` are the states of its history."""
    history = [{"revision": number, "status": status} for number, status in enumerate(revisions.split(), 1)]
    status = json.dumps({"info": {"status": name}})
    return f"case $* in *status*) echo '{status}';; *history*) echo '{json.dumps(history)}';; esac"


@pytest.mark.parametrize(
    ("release", "ending"),
    [
        (state("pending-install", "pending-install"), ["helm --namespace=ns uninstall billdb --wait"]),
        (state("pending-upgrade", "deployed failed pending-upgrade"), ["helm --namespace=ns rollback billdb 1 --wait"]),
        (state("pending-upgrade", "failed pending-upgrade"), ["helm --namespace=ns uninstall billdb --wait"]),
        (state("uninstalling", "uninstalling"), ["helm --namespace=ns uninstall billdb --wait"]),
        (state("deployed", "deployed"), []),
        (state("failed", "failed"), []),
    ],
    ids=["install", "upgrade", "upgrade of nothing deployed", "uninstall", "deployed", "failed"],
)
def test_what_an_interrupted_helm_left_is_ended(cluster: Said, tmp_path: Path, release: str, ending: list[str]) -> None:
    install.end_interrupted(cluster(release))
    assert called(tmp_path) == ending


def test_on_another_cluster_it_is_left_to_its_people(cluster: Said, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refusal:
        install.install(cluster(state("pending-install", "pending-install"), f"echo '{json.dumps(CONFIG)}'"))
    assert str(refusal.value) == (
        "the release is in state pending-install: a helm is at work on it, or was interrupted. "
        "If none is at work, end that with\n"
        f"  helm uninstall billdb --wait --namespace=ns --kubeconfig={tmp_path}/kubeconfig"
    )
    assert called(tmp_path) == ["kubectl --namespace=ns config view --output=json"]


def test_the_context_and_its_server_are_named_before_helm_is_at_work(
    cluster: Said, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuses = "echo Error: release: not found >&2; exit 1"
    with pytest.raises(UserError):
        install.install(cluster(refuses, f"[[ $* != *config* ]] || echo '{json.dumps(CONFIG)}'"), [tmp_path / "own.yaml"])
    words = capsys.readouterr().err.splitlines()
    assert words[0] == "context people, server https://k8s.example.com: release billdb, namespace ns"
    values = f"--values=presets/any-cluster.yaml --values={tmp_path}/own.yaml"
    assert [line for line in called(tmp_path) if line.startswith("helm")] == [
        f"helm --namespace=ns install --create-namespace billdb {paths.CHART} --wait --timeout=5m {values}"
    ]


@pytest.mark.parametrize(
    ("last", "schedule", "told"),
    [
        ("the last good one", "0 2 * * * (Asia/Seoul)",
         ["the last good one", "  made at 0 2 * * * (Asia/Seoul); make one now: kubectl create job "
          "--from=cronjob/bill-inquiry-backup backup-$(date +%s)"]),
        ("", "@daily (UTC)",
         ["  none yet", "  made at @daily (UTC); make one now: kubectl create job "
          "--from=cronjob/bill-inquiry-backup backup-$(date +%s)"]),
        ("", "", ["  none yet", "  nobody makes any (backup.enabled is false)"]),
    ],
    ids=["one", "none yet", "off"],
)  # fmt: skip
def test_the_last_backup_is_told_and_how_to_make_one(cluster: Said, last: str, schedule: str, told: list[str]) -> None:
    kubectl = f"case $* in *exec*) echo '{last}';; *get*) printf '{schedule}';; esac"
    assert install.backups(cluster("", kubectl), "kubectl").splitlines() == told


def test_a_kubeconfig_without_a_cluster_is_refused_with_the_contexts_there_are(cluster: Said) -> None:
    config = CONFIG | {"current-context": "gone"}
    with pytest.raises(UserError, match=r"its current-context 'gone' names no cluster; its contexts: people$"):
        cluster("", f"echo '{json.dumps(config)}'").where()


@pytest.mark.parametrize(
    ("there", "presets"),
    [(CLASS, ()), (DRIVER, ()), ("storageclass.storage.k8s.io/standard", (storage.ANY_CLUSTER,)), ("", (storage.ANY_CLUSTER,))],
    ids=["the class", "its driver", "another class", "none"],
)
def test_the_default_class_is_taken_where_the_charts_cannot_be_had(cluster: Said, there: str, presets: tuple[Path, ...]) -> None:
    assert storage.presets(cluster("", f"echo {there}")) == presets


def test_values_and_presets_reach_helm_in_the_order_that_they_were_given(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.touch()
    options = up.arguments(["--preset=hardened", f"--values={own}", "--preset", "any-cluster"])
    assert options.files == [paths.PRESETS / "hardened.yaml", own, paths.PRESETS / "any-cluster.yaml"]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ("--values=none.yaml", "argument --values: no file none.yaml"),
        ("--preset=none", f"argument --preset: no preset none; there are: {', '.join(PRESETS)}"),
        ("--engine=minikube", "argument --engine: invalid choice: 'minikube' (choose from 'kind', 'local')"),
        ("--engine=kind --kubeconfig=file", "argument --kubeconfig: not allowed with argument --engine"),
        ("--nodes=0", "--nodes=0: from 1 to 199"),
        ("--nodes=3 --engine=kind", "--nodes adds nodes to this machine's Kubernetes: leave --kubeconfig and --engine=kind away"),
        ("--kubeconf=file", "unrecognized arguments: --kubeconf=file"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(given: str, refusal: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        up.arguments(given.split())
    assert (ended.value.code, capsys.readouterr().err.splitlines()[-1]) == (2, f"nox -s up --: error: {refusal}")


@pytest.mark.parametrize(
    ("major", "today", "told"),
    [
        ("14", date(2026, 11, 12), ""),
        (
            "14",
            date(2026, 11, 13),
            "\nPostgreSQL 14 ended on 2026-11-12: nothing in it is mended any more; docs/upgrades.md is the way up",
        ),
        ("18", date(2026, 11, 13), ""),
        ("19", date(2099, 1, 1), ""),
    ],
)
def test_the_report_says_that_a_major_version_is_over(major: str, today: date, told: str) -> None:
    assert install.ended(major, today) == told


def test_a_proxy_is_not_asked_for_the_local_kubernetes(monkeypatch: pytest.MonkeyPatch, cluster: Said) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", f"company.example.com, {ADDRESS}")
    environment = cluster("").environment
    assert environment["NO_PROXY"] == environment["no_proxy"]
    listed = environment["NO_PROXY"].split(",")
    assert listed[:2] == ["company.example.com", ADDRESS]
    assert {POD_RANGE, SERVICE_RANGE} < set(listed)
    assert proxy.exceptions()["NO_PROXY"].count(ADDRESS) == 1


@pytest.mark.parametrize(("options", "wanted"), [([], ["provide", "install"]), (["--cluster-only"], ["provide"])])
def test_cluster_only_installs_nothing_on_another_cluster(
    monkeypatch: pytest.MonkeyPatch, options: list[str], wanted: list[str]
) -> None:
    done: list[str] = []
    monkeypatch.setattr(clients, "provide", lambda _: done.append("provide"))
    monkeypatch.setattr(install, "install", lambda *_: done.append("install"))
    up.up(up.arguments(["--kubeconfig=file", *options]))
    assert done == wanted
