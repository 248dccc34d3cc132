"""Fixtures of the tests that run the rendered schema ConfigMap on real servers of every major version."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.local import docker, images
from tests.database.catalogue import catalogue

NUMBERS = count(1)


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """A docker engine that has the images of every major version."""
    with docker.engine(list(images.MAJORS)) as address:
        os.environ |= {"DOCKER_HOST": address, "TESTCONTAINERS_RYUK_DISABLED": "true"}
        yield


@pytest.fixture(scope="session", params=images.MAJORS)
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
