"""Fixtures of the tests that run the rendered schema ConfigMap on real servers of every major version."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from harness.local import docker, images
from harness.servers import HOOK, SOCKETS, Run, Server, chart
from tests.database.catalogue import catalogue

DATABASE = "bill_inquiry_db"
NUMBERS = count(1)


@dataclass(frozen=True)
class Hook:
    """The rendered schema Job of some values, or of files changed by hand, ready to run on a server."""

    server: Server
    values: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str | None] = field(default_factory=dict)  # None: the ConfigMap's file is left out
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, database: str = DATABASE) -> Run:
        """Run it to its end on a database of this name."""
        return self.server.migrate(self.scripts(), self.variables(database))

    def apply(self, database: str = DATABASE) -> str:
        """Run it, expecting success; returns its log."""
        done = self.run(database)
        assert done.status == 0, done.log
        return done.log

    def scripts(self) -> str:
        """Put the ConfigMap's files where the server's containers see them; returns the folder."""
        data = self.configmap() | self.files
        return self.server.scripts({name: text for name, text in data.items() if text is not None}, f"scripts-{next(NUMBERS)}")

    def configmap(self) -> dict[str, str]:
        """The rendered files by name."""
        return dict(chart(self.values)["ConfigMap", "bill-inquiry-schema-script"]["data"])

    def variables(self, database: str = DATABASE) -> dict[str, str]:
        """The Job's environment, with the socket in place of the Service."""
        [container] = chart(self.values)["Job", "bill-inquiry-db-init"]["spec"]["template"]["spec"]["containers"]
        rendered = {variable["name"]: variable["value"] for variable in container["env"]}
        here = {"PGHOST": SOCKETS, "PGUSER": HOOK, "PGDATABASE": database, "CREDENTIALS": "/shared/credentials"}
        return rendered | here | dict(self.environment)


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """A docker engine that has the images of every major version."""
    with docker.engine(list(images.POSTGRES)) as address:
        os.environ |= {"DOCKER_HOST": address, "TESTCONTAINERS_RYUK_DISABLED": "true"}
        yield


@pytest.fixture(scope="session", params=images.POSTGRES)
def server(request: pytest.FixtureRequest, engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of each major version in turn."""
    started = Server(request.param, Path(tmp_path_factory.mktemp(f"pg{request.param}-")))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def installed(server: Server) -> str:
    """The log of the first run, which made the database of the service."""
    return Hook(server).apply()


@pytest.fixture(scope="session")
def reference(server: Server, installed: str) -> list[str]:
    """What a database is like after one undisturbed run."""
    with server.connect() as connection:
        return catalogue(connection)


@pytest.fixture
def database(server: Server, installed: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the service's database as the first run made it; what a test does there is undone."""
    with server.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def name(server: Server) -> Iterator[str]:
    """The name of a database that is not there yet; removed afterwards."""
    new = f"test_{next(NUMBERS)}"
    yield new
    with server.connect(database="postgres") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {new} WITH (FORCE)")
