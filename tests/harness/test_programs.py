"""Programs are put into .local/bin by several at once: `up` builds images beside programs, sessions run side by side."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from harness import paths
from harness.local import programs

TOGETHER = 4


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pause as the cache holds it, and no .local/bin yet."""
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(paths, "BIN", tmp_path / "bin")
    (module,) = (module for module in programs.MODULES if "pause" in module.programs)
    file = tmp_path / "cache" / "programs" / f"{module.folder}-{module.key()}" / "pause"
    file.parent.mkdir(parents=True)
    file.write_text("pause")
    return file


@pytest.mark.parametrize("turn", range(20))
def test_several_place_the_same_program_at_once(cached: Path, turn: int) -> None:
    barrier = Barrier(TOGETHER)

    def install() -> None:
        barrier.wait()
        programs.install(["pause"])

    with ThreadPoolExecutor(TOGETHER) as executor:
        for running in [executor.submit(install) for _ in range(TOGETHER)]:
            running.result()
    assert [file.samefile(cached) for file in paths.BIN.iterdir()] == [True]
