"""The move Job, from servers to new volumes of newer major versions: what comes along, what stops it, and what a failure leaves."""

from pathlib import Path

import pytest

from harness.database.moves import CLAIM, Move
from harness.database.servers import Server
from harness.database.volumes import pod


@pytest.mark.parametrize("server", ["14"], indirect=True)
def test_x(server: Server, installed: str, tmp_path: Path) -> None:
    done = Move(server, "15", tmp_path / "volume").run()
    print(done.log)
    assert done.status == 0
