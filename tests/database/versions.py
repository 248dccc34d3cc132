"""The major versions of PostgreSQL that a test runs on, and why they are not always all.

On every version, which is what a test without a mark gets: what the server itself decides. That is its catalogue and what the
chart's SQL reads of it, migrations and what is left of those that are cut short, constraints, privileges, what an attacker
can make of all these, and the files that `initdb` and a server alone on a volume make.

On the oldest and the newest: what the chart's scripts decide. Whom they refuse and with which words, whose turn it is, what a run
says that was told to end, what stays of one that was killed, what `helm test` tells: that is bash, psql and restic, the same
programs beside every server, and SQL that every version takes alike. A change between the versions shows at the ends.

On one of them: what has nothing of the server in it, and what takes its minutes to hit twenty moments.
"""

import pytest

from harness.local.images import MAJORS

OLDEST, NEWEST = MAJORS[0], MAJORS[-1]
oldest_and_newest = pytest.mark.versions(OLDEST, NEWEST)
oldest = pytest.mark.versions(OLDEST)
newest = pytest.mark.versions(NEWEST)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with a server, or a volume, of each version of its mark; a test's own mark counts more than its module's."""
    mark = metafunc.definition.get_closest_marker("versions")
    for fixture in ("server", "folder"):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, mark.args if mark else MAJORS, indirect=True)
