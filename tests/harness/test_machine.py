"""What the local Kubernetes refuses before it builds anything, and what it says then."""

import platform
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.local import kernel, machine
from harness.local.machine import MachineError

DEBIAN_12 = {"ID": "debian", "VERSION_ID": "12", "PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)"}
UBUNTU = {"ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04 LTS"}
TESTING = {"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux forky/sid"}


def pretend(monkeypatch: pytest.MonkeyPatch, release: Mapping[str, str], processor: str) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    monkeypatch.setattr(platform, "machine", lambda: processor)


@pytest.mark.parametrize("version", ["12", "13"])
def test_debian_is_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    pretend(monkeypatch, DEBIAN_12 | {"VERSION_ID": version}, "x86_64")
    assert machine.debian() == version


@pytest.mark.parametrize(
    ("release", "processor", "found"),
    [
        pytest.param(UBUNTU, "x86_64", "Ubuntu 24.04 LTS for x86_64", id="another distribution"),
        pytest.param(TESTING, "x86_64", "Debian GNU/Linux forky/sid for x86_64", id="another Debian"),
        pytest.param(DEBIAN_12, "aarch64", "Debian GNU/Linux 12 (bookworm) for aarch64", id="another processor"),
    ],
)
def test_what_is_not_debian_on_amd64_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, release: Mapping[str, str], processor: str, found: str
) -> None:
    pretend(monkeypatch, release, processor)
    with pytest.raises(MachineError) as refusal:
        machine.debian()
    assert str(refusal.value) == f"this machine has {found}.\n{machine.ELSEWHERE}"


def test_a_machine_without_os_release_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Mapping[str, str]:
        raise FileNotFoundError

    monkeypatch.setattr(platform, "freedesktop_os_release", none)
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(MachineError, match="this machine has Darwin for "):
        machine.debian()


def test_a_kernel_that_lacks_br_netfilter_is_refused_with_the_line_to_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    modprobe = tmp_path / "modprobe"
    modprobe.write_text('#!/bin/sh\necho "FATAL: Module $1 not found" >&2\nexit 1\n')
    modprobe.chmod(0o755)
    monkeypatch.setattr(kernel, "search_path", lambda: f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(kernel, "BRIDGE", tmp_path / "bridge")
    monkeypatch.setattr(kernel, "FILE_SYSTEMS", tmp_path / "filesystems")
    (tmp_path / "filesystems").write_text("nodev\toverlay\n")
    with pytest.raises(MachineError) as refusal:
        kernel.require()
    assert "FATAL: Module br_netfilter not found\nType `modprobe br_netfilter` as root" in str(refusal.value)
