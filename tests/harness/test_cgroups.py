"""What is written to the control groups of either version, and what the kubelet and containerd are told of them."""

import subprocess
from pathlib import Path, PosixPath
from typing import Any

import pytest
import yaml

from harness import paths
from harness.local import cgroups, components, packages

CONTROLLERS = "cpuset cpu io memory pids"
PASSED_ON = "+cpuset +cpu +io +memory +pids"


def version_2(top: Path) -> Path:
    for group in (top, top / "billdb"):  # the kernel fills a new group
        group.mkdir(exist_ok=True)
        (group / "cgroup.controllers").write_text(CONTROLLERS)
    return top


def version_1(top: Path) -> Path:
    for group in ("pids", "cpu", "cpu/billdb", "cpuset", "cpuset/billdb", "cpuset/billdb/processes"):
        (top / group).mkdir()
        (top / group / "cgroup.procs").touch()
    for group in ("cpuset", "cpuset/billdb", "cpuset/billdb/processes"):
        for file in cgroups.INHERITED:
            (top / group / file).write_text("0-1\n" if group == "cpuset" else "\n")
    return top


def test_version_2_passes_every_controller_on_and_keeps_processes_in_a_leaf(tmp_path: Path) -> None:
    top = version_2(tmp_path)
    cgroups.create("billdb", top)
    written = {str(file.parent.relative_to(top)): file.read_text() for file in top.rglob("cgroup.subtree_control")}
    assert written == {".": PASSED_ON, "billdb": PASSED_ON}
    assert cgroups.joining("billdb", ["true"], top)[3:] == [str(top / "billdb" / "processes" / "cgroup.procs"), "true"]
    assert (top / "billdb" / "processes").is_dir()


def test_version_1_gives_a_new_group_the_processors_and_memory_of_its_parent(tmp_path: Path) -> None:
    top = version_1(tmp_path)
    cgroups.create("billdb", top)
    for group in ("billdb", "billdb/processes"):
        assert {file: (top / "cpuset" / group / file).read_text() for file in cgroups.INHERITED} == {
            "cpuset.cpus": "0-1\n",
            "cpuset.mems": "0-1\n",
        }
    assert not list(top.rglob("cgroup.subtree_control"))
    assert cgroups.joining("billdb", ["true"], top)[3] == str(top / "pids" / "billdb" / "processes" / "cgroup.procs")


def test_version_2_limits_the_processors_of_the_group(tmp_path: Path) -> None:
    top = version_2(tmp_path)
    cgroups.limit_processors("billdb", 1.5, top)
    assert (top / "billdb" / "cpu.max").read_text() == "150000 100000"


def test_version_1_limits_the_processors_of_those_who_join_the_controller_of_them(tmp_path: Path) -> None:
    top = version_1(tmp_path)
    cgroups.limit_processors("billdb", 0.5, top)
    group = top / "cpu" / "billdb"
    assert [(group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")] == ["50000", "100000"]
    assert cgroups.joining("billdb", ["true"], top, "cpu")[3] == str(group / "processes" / "cgroup.procs")


def test_version_2_limits_the_memory_of_the_group_and_freezes_it(tmp_path: Path) -> None:
    group = version_2(tmp_path) / "billdb"
    cgroups.limit_memory("billdb", 2**32, tmp_path)
    (group / "cgroup.events").write_text("populated 1\nfrozen 1\n")  # the kernel tells when it is so
    cgroups.freeze("billdb", True, tmp_path)
    assert [(group / file).read_text() for file in ("memory.max", "cgroup.freeze")] == ["4294967296", "1"]


def test_version_1_limits_the_memory_of_the_group_and_freezes_it(tmp_path: Path) -> None:
    for controller in ("memory", "freezer"):
        (tmp_path / controller / "billdb").mkdir(parents=True)
    cgroups.limit_memory("billdb", 2**32, tmp_path)
    assert (tmp_path / "memory" / "billdb" / "memory.limit_in_bytes").read_text() == "4294967296"
    for still, state in ((True, "FROZEN"), (False, "THAWED")):
        cgroups.freeze("billdb", still, tmp_path)
        assert (tmp_path / "freezer" / "billdb" / "freezer.state").read_text() == state


class HeldUp(PosixPath):
    """A group whose processes stand still only when all went on once, as where one waits for the end of a frozen thread."""

    went_on = False

    def write_text(self, data: str, *others: Any, **named: Any) -> int:
        HeldUp.went_on |= data == "THAWED"
        return super().write_text(data, *others, **named)

    def read_text(self, *others: Any, **named: Any) -> str:
        return super().read_text(*others, **named) if HeldUp.went_on else "FREEZING\n"


def test_version_1_goes_on_and_is_frozen_anew_where_a_process_holds_it_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cgroups, "A_TRY", 0.1)
    (tmp_path / "freezer" / "billdb").mkdir(parents=True)
    cgroups.freeze("billdb", True, HeldUp(tmp_path))
    assert HeldUp.went_on
    assert (tmp_path / "freezer" / "billdb" / "freezer.state").read_text() == "FROZEN"


def test_a_process_can_join_the_group_of_every_controller(tmp_path: Path) -> None:
    top = version_1(tmp_path)
    cgroups.create("billdb", top)
    subprocess.run(cgroups.joining_each("billdb", ["true"], top), check=True)
    joined = {str(file.parent.parent.parent.relative_to(top)) for file in top.glob("*/billdb/processes/cgroup.procs")}
    assert joined == {"pids", "cpu", "cpuset"}
    assert cgroups.names("bill", top) == ["billdb"]


@pytest.mark.parametrize(("is_2", "told"), [pytest.param(True, None, id="version 2"), pytest.param(False, False, id="version 1")])
def test_the_drivers_are_said_and_only_version_1_asks_the_kubelet_to_bear_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_2: bool, told: bool | None
) -> None:
    monkeypatch.setattr(components, "STATE", tmp_path)
    monkeypatch.setattr(paths, "KUBECONFIG", tmp_path / "kubeconfig")
    monkeypatch.setattr(packages, "unpacked", lambda *names: tmp_path)
    monkeypatch.setattr(cgroups, "is_version_2", lambda: is_2)
    components.prepare()
    kubelet = yaml.safe_load((tmp_path / "kubelet.yaml").read_text())
    assert (kubelet["cgroupDriver"], kubelet["cgroupRoot"], kubelet.get("failCgroupV1")) == ("cgroupfs", "/billdb", told)
    assert "      SystemdCgroup = false\n" in (tmp_path / "containerd.toml").read_text()
