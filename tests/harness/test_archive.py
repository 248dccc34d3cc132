"""Which archives are loaded: those whose very image the engine has not."""

from pathlib import Path

import pytest

from harness.local import archive
from harness.local.machine import MachineError


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").write_text("content")
    layer = archive.layer(tmp_path / "root", tmp_path / "layer.tar")
    archive.image(tmp_path / "image.tar", "localhost/image:1", [layer], {"Cmd": ["true"]})
    return tmp_path / "image.tar"


@pytest.mark.parametrize(
    ("stored", "loaded"),
    [
        pytest.param({}, True, id="no image of that name"),
        pytest.param({"localhost/image:1": "sha256:0"}, True, id="another image of that name"),
        pytest.param({"localhost/image:1": ""}, True, id="one without an id"),
        pytest.param(None, False, id="that image"),
    ],
)
def test_an_archive_is_loaded_unless_its_image_is_there(
    image: Path, tmp_path: Path, stored: dict[str, str] | None, loaded: bool
) -> None:
    there = {"localhost/image:1": archive.identity(image)} if stored is None else stored
    archive.load({"localhost/image:1": image}, there, ["touch", str(tmp_path / "loaded")])
    assert (tmp_path / "loaded").exists() is loaded


def test_an_archive_that_is_refused_is_named(image: Path) -> None:
    with pytest.raises(MachineError, match=rf"{image} cannot be loaded: .*No such file[^\n]*\n+Remove it and run the same again"):
        archive.load({"localhost/image:1": image}, {}, ["ls", "/nowhere"])
