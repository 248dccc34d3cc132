"""azurite is changed in the one place where it is not as Azure is, and nothing else is taken for it."""

from pathlib import Path

import pytest

from harness import paths
from harness.local import azurite, machine
from harness.local.machine import MachineError

HANDLER = "node_modules/azurite/dist/src/blob/handlers/BlockBlobHandler.js"
ASKS = "if (options.tier !== undefined) {\n}\n"


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    """The installed handlers: npm installs one of this text, into a cache of the test's own."""
    installed: list[Path] = []

    def install(*command: str) -> None:
        [folder] = [Path(word.removeprefix("--prefix=")) for word in command if word.startswith("--prefix=")]
        assert {file.name for file in folder.iterdir()} == set(azurite.FILES)
        handler = folder / HANDLER
        handler.parent.mkdir(parents=True)
        handler.write_text(request.param)
        installed.append(handler)

    monkeypatch.setattr(azurite, "run", install)
    monkeypatch.setattr(machine, "ensure_packages", lambda packages: None)
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    return installed


@pytest.mark.parametrize("handlers", [ASKS * 2], indirect=True)
def test_empty_access_tier_is_none_and_it_is_installed_once(handlers: list[Path], tmp_path: Path) -> None:
    assert azurite.command() == azurite.command()
    [handler] = tmp_path.rglob("BlockBlobHandler.js")
    assert (handler.read_text(), len(handlers)) == ("if (options.tier) {\n}\n" * 2, 1)


@pytest.mark.parametrize("handlers", [ASKS, "", ASKS * 3], indirect=True, ids=["once", "never", "thrice"])
def test_another_azurite_is_not_taken(handlers: list[Path]) -> None:
    for _ in range(2):
        with pytest.raises(MachineError, match="is not as it was: look whether azurite still refuses an empty access tier"):
            azurite.command()
    assert len(handlers) == 2
