"""Backups restored on real servers."""

import pytest

from harness.database.backups import Backups
from harness.database.servers import Server
from harness.database.states import ROWS


@pytest.fixture
def backed_up(server: Server, name: str, migrated: None) -> Backups:
    """A repository with one backup of the database `name`, which has rows."""
    with server.connect(database=name) as connection:
        connection.execute(ROWS.encode())
    backups = Backups(server, repository=name)
    print(backups.apply(database=name))
    return backups


def test_beside(server: Server, name: str, backed_up: Backups) -> None:
    done = backed_up.restore(name)
    print(done.log)
    assert done.status == 0
    done = backed_up.restore(name, then="swap")
    print(done.log)
    assert done.status == 0
    done = backed_up.run("bill-inquiry-drill", name)
    print(done.log)
    assert done.status == 0
