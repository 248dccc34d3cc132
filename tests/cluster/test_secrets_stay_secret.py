"""No password and no key of a release is found in its objects, logs, processes, statistics or tables."""

import threading
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.kubernetes import POD, CommandError
from tests.cluster.release import Release

# Everything that a person may switch on to see statements is on.
TALKATIVE = {"log_statement": "all", "log_min_duration_statement": "0", "log_duration": "on", "log_parser_stats": "off",
             "pg_stat_statements.track": "all", "track_activity_query_size": "16kB"}  # fmt: skip
LOGINS = {"certificate": {}, "password": {"auth": {"hookLogin": "password"}}}


class Processes(threading.Thread):
    """Looks again and again at the command line and the environment of every process in the cluster's pods."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.command_lines: set[bytes] = set()
        self.environments: set[bytes] = set()

    def run(self) -> None:
        while not self.ended.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if b"kubepods" in (process / "cgroup").read_bytes():
                        self.command_lines.add((process / "cmdline").read_bytes())
                        self.environments.add((process / "environ").read_bytes())
                except OSError:  # it ended meanwhile
                    continue


@pytest.fixture(scope="module", params=LOGINS)
def watched(request: pytest.FixtureRequest, release: Release) -> Iterator[tuple[Release, Processes]]:
    """A release that was installed, upgraded with other passwords, tested and refused, and what its processes showed."""
    processes = Processes()
    processes.start()
    values = {"postgresql": {"parameters": TALKATIVE}} | LOGINS[request.param]
    release.install(values)
    auth = dict(LOGINS[request.param].get("auth", {})) | {"roles": {"bill_readonly_user": {"password": "given by a value"}}}
    release.upgrade(values | {"auth": auth})
    release.cluster.helm("test", release.name)
    release.cluster.kubectl("delete", f"pod/{POD}", "--wait=true")
    release.cluster.kubectl("rollout", "status", "statefulset/postgresql-bill-inquiry", "--timeout=90s")
    processes.ended.set()
    processes.join()
    yield release, processes
    release.remove()


def secrets(release: Release) -> dict[str, str]:
    """Every password, and of every key the first line of its body, by where it is kept."""
    found = {}
    for secret in release.cluster.get("secrets", "--field-selector=type!=helm.sh/release.v1")["items"]:
        for key, encoded in secret["data"].items():
            value = b64decode(encoded).decode()
            if key.endswith(".key"):
                found[f"{secret['metadata']['name']}/{key}"] = value.splitlines()[1]
            elif key.endswith("password"):
                found[f"{secret['metadata']['name']}/{key}"] = value
    assert len(found) >= 7, "five passwords, the server's key, its CA's"
    return found


def objects(release: Release) -> Iterator[tuple[str, str]]:
    kinds = release.cluster.kubectl("api-resources", "--verbs=list", "--namespaced", "--output=name").split()
    for kind in kinds:
        if kind != "secrets":
            try:
                yield kind, release.cluster.kubectl("get", kind, "--output=yaml")
            except CommandError:  # a kind that can be listed but has nothing to get, such as a review
                continue
    manifest = yaml.safe_load_all(release.cluster.helm("get", "manifest", release.name))
    yield "manifest", yaml.safe_dump_all([o for o in manifest if o["kind"] != "Secret"])
    for part in ("notes", "hooks"):
        yield f"helm get {part}", release.cluster.helm("get", part, release.name)


def logs(release: Release) -> Iterator[tuple[str, str]]:
    for pod in release.cluster.get("pods")["items"]:
        name = pod["metadata"]["name"]
        yield f"log of {name}", release.cluster.kubectl("logs", name, "--all-containers")


def database_contents(release: Release) -> Iterator[tuple[str, str]]:
    yield "pg_stat_statements", release.cluster.sql("SELECT query FROM pg_stat_statements")
    yield "pg_stat_activity", release.cluster.sql("SELECT query FROM pg_stat_activity")
    dump = ["pg_dump", "--username=postgres", "bill_inquiry_db"]
    yield "tables", release.cluster.kubectl("exec", POD, "--container=postgresql", "--", *dump)


def test_no_secret_is_found_where_people_look(watched: tuple[Release, Processes]) -> None:
    release, _ = watched
    places = {**dict(objects(release)), **dict(logs(release)), **dict(database_contents(release))}
    assert "log of postgresql-bill-inquiry-0" in places
    assert "GRANT" in places["log of postgresql-bill-inquiry-0"], "statements are logged"
    assert "statefulsets.apps" in places
    found = [
        f"{secret} in {place}" for secret, value in secrets(release).items() for place, text in places.items() if value in text
    ]
    assert found == []


def test_no_command_line_has_a_secret(watched: tuple[Release, Processes]) -> None:
    release, processes = watched
    assert [line for line in processes.command_lines if line.startswith(b"psql")], "the schema Job was seen"
    found = [s for s, value in secrets(release).items() if any(value.encode() in line for line in processes.command_lines)]
    assert found == []


def test_no_environment_has_another_roles_password(watched: tuple[Release, Processes]) -> None:
    release, processes = watched
    own = release.passwords()
    for environment in processes.environments:
        variables = dict(v.split(b"=", 1) for v in environment.split(b"\0") if b"=" in v)
        role = variables.get(b"PGUSER", b"").decode()
        others = {name for name, value in own.items() if name != role and value.encode() in environment}
        assert others == set(), (role, sorted(variables))
    assert processes.environments
