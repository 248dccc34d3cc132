"""Programs on PATH that only write down how they were called."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness import paths


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], list[str]]]:
    """Put programs on an otherwise bare PATH, each a bash script; the returned function gives the command lines so far."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(**programs: str) -> Callable[[], list[str]]:
        for name, script in programs.items():
            file = folder / name
            file.write_text(f'#!/bin/bash\necho "{name} $*" >> {log}\n{script}\n')
            file.chmod(0o755)
        return lambda: log.read_text().splitlines() if log.exists() else []

    return make


@pytest.fixture
def empty_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A .local of this test's own, without programs."""
    local = tmp_path / "local"
    monkeypatch.setattr(paths, "LOCAL", local)
    monkeypatch.setattr(paths, "BIN", local / "bin")
    monkeypatch.setattr(paths, "KUBECONFIG", local / "kubeconfig")
    return local
