"""Fixtures of the tests that run the rendered schema ConfigMap on real servers of every major version."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from harness.database.hook import Hook
from harness.database.servers import Server
from harness.database.states import ROWS
from harness.local import docker, images
from tests.database.catalogue import catalogue
from tests.database.moving import MORE, is_closed, writes
from tests.database.versions import OLDEST
from tests.database.versions import pytest_generate_tests as pytest_generate_tests

NUMBERS = count(1)
ENGINE = pytest.StashKey[tuple[ExitStack, str]]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each of pytest-xdist's workers the address of one engine, which lives as long as the program that started them."""
    if ENGINE not in node.config.stash:
        stack = ExitStack()
        node.config.stash[ENGINE] = stack, stack.enter_context(docker.engine(list(images.MAJORS)))
    node.workerinput["docker"] = node.config.stash[ENGINE][1]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End that engine."""
    if ENGINE in config.stash:
        config.stash[ENGINE][0].close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module's tests of one major version together where they are given to several workers (--dist=loadgroup)."""
    for item in items:
        if item.path.parent == Path(__file__).parent and isinstance(item, pytest.Function):
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            major = next((parameters[name] for name in ("server", "folder", "major") if name in parameters), "")
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem} {major}"))


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """A docker engine that has the images of every major version."""
    with ExitStack() as stack:
        shared = getattr(request.config, "workerinput", {}).get("docker")
        address = shared or stack.enter_context(docker.engine(list(images.MAJORS)))
        os.environ |= {"DOCKER_HOST": address, "TESTCONTAINERS_RYUK_DISABLED": "true"}
        yield


class Prepared:
    """A server that all tests of its major version share, and what they start from."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @cached_property
    def first_log(self) -> str:
        """The log of the first run, which made the database of the service."""
        return Hook(self.server).apply()

    @cached_property
    def template(self) -> str:
        """The name of a database that one run made and that nobody has used."""
        Hook(self.server).apply("pristine")
        return "pristine"

    @cached_property
    def reference(self) -> list[str]:
        """What a database is like after one undisturbed run."""
        assert self.first_log
        with self.server.connect() as connection:
            return catalogue(connection)


@pytest.fixture(scope="session")
def prepared_of(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Prepared]]:
    """Gives the server of a major version, started when it is first asked for."""
    started: dict[str, Prepared] = {}

    def of(major: str) -> Prepared:
        if major not in started:
            started[major] = Prepared(Server(major, Path(tmp_path_factory.mktemp(f"pg{major}-"))))
        return started[major]

    yield of
    for prepared in started.values():
        prepared.server.stop()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, prepared_of: Callable[[str], Prepared]) -> Server:
    """A server of each of the test's versions in turn (versions.py)."""
    return prepared_of(request.param).server


@pytest.fixture(scope="session")
def installed(server: Server, prepared_of: Callable[[str], Prepared]) -> str:
    """The log of the first run, which made the database of the service."""
    return prepared_of(server.major).first_log


@pytest.fixture(scope="session")
def reference(server: Server, prepared_of: Callable[[str], Prepared]) -> list[str]:
    """What a database is like after one undisturbed run."""
    return prepared_of(server.major).reference


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


@pytest.fixture
def migrated(server: Server, name: str, prepared_of: Callable[[str], Prepared]) -> None:
    """The database `name` as one run makes it, copied from such a one."""
    template = prepared_of(server.major).template
    with server.connect(database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER bill_inquiry_owner".encode())


@pytest.fixture(scope="module")
def old(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of 14 of this module's own, with rows: a move closes the database."""
    server = Server(OLDEST, Path(tmp_path_factory.mktemp("move")) / "server")
    with server.connect(database="postgres") as connection:
        connection.execute("ALTER SYSTEM SET max_prepared_transactions = 1")
    server.kill()
    server.wait()
    Hook(server).apply()
    with server.connect() as connection:
        connection.execute(ROWS.encode())
        for statement in MORE.split(";"):
            connection.execute(statement.encode())
    yield server
    server.stop()


@pytest.fixture
def opened(old: Server) -> Iterator[Server]:
    """The server, let in again afterwards as the schema Job does it."""
    yield old
    closed = is_closed(old)
    assert ("database   bill_inquiry_db is open again, which a move had closed" in Hook(old).apply()) == closed
    assert writes(old)
