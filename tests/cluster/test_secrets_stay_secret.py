"""No password and no key of a release is found in its objects, logs, processes, statistics or tables."""

import threading
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.kubernetes import CommandError
from harness.on_cluster.cloudnativepg import SMALL
from harness.on_cluster.instances import NAME
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for

# Everything that a person may switch on to see statements is on.
TALKATIVE = {"log_statement": "all", "log_min_duration_statement": "0", "log_min_duration_sample": "0", "log_duration": "on",
             "debug_print_parse": "on", "debug_print_rewritten": "on",
             "pg_stat_statements.track": "all", "track_activity_query_size": "16kB"}  # fmt: skip
# By how the schema Job logs in, with either engine; the last one has a password that CloudNativePG sets itself.
KINDS: dict[str, dict[str, Any]] = {
    "certificate": {},
    "password": {"schema": {"login": "password"}},
    "cloudnativepg": {"cloudnativepg": {"instances": 1}, "auth": {"superuserFromNetwork": True}},
}
PAUSE = 0.05  # seconds between two looks: without one this thread takes a whole processor from what it looks at
# What the containers run that have to do with a secret, and each role that a client of theirs logs in as.
ANY = {"bash", "initdb", "postgres", "psql", "timeout"}
PROGRAMS = {"certificate": ANY, "password": ANY, "cloudnativepg": ANY | {"manager"}}
SERVICE = {"bill_inquiry_owner", "bill_inquiry_user"}
ROLES = {
    "certificate": SERVICE | {"billdb_hook"},
    "password": SERVICE | {"postgres"},
    "cloudnativepg": SERVICE | {"billdb_hook"},
}


@dataclass(frozen=True)
class Watched:
    """A release, of which of KINDS it is, what was seen of its pods' processes, and the logs of the pods that it had."""

    release: Release
    kind: str
    processes: set[tuple[bytes, bytes]]  # command line and environment
    logs: list[str]


class Processes(threading.Thread):
    """Looks again and again at the command line and the environment of every process in the cluster's pods.

    What ended between two looks was not seen: PROGRAMS and ROLES are what must have been.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.seen: set[tuple[bytes, bytes, bytes]] = set()  # control groups, command line, environment

    def of(self, uids: set[str]) -> set[tuple[bytes, bytes]]:
        """The command line and environment of each process that was seen in pods with these uids."""
        return {(line, environment) for groups, line, environment in self.seen if any(uid.encode() in groups for uid in uids)}

    def run(self) -> None:
        while not self.ended.wait(PAUSE):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    groups = (process / "cgroup").read_bytes()
                    if b"kubepods" in groups:
                        self.seen.add((groups, (process / "cmdline").read_bytes(), (process / "environ").read_bytes()))
                except OSError:  # it ended meanwhile
                    continue


@pytest.fixture(scope="module", params=["certificate", "password", pytest.param("cloudnativepg", marks=pytest.mark.local_node)])
def watched(request: pytest.FixtureRequest, release: Release) -> Iterator[Watched]:
    """A release that was installed, upgraded with another password, tested and restarted."""
    of_cloudnativepg = request.param == "cloudnativepg"
    if of_cloudnativepg:
        request.getfixturevalue("cloudnativepg")
        release = replace(release, cluster=replace(release.cluster, pod=f"{NAME}-1", container="postgres"), base=SMALL)
    processes = Processes()
    processes.start()
    values = merged({"postgresql": {"parameters": TALKATIVE}}, KINDS[request.param])
    with ThreadPoolExecutor(1) as pool:
        installing = pool.submit(release.install, values)
        # CloudNativePG deletes it as soon as it is done.
        written = [bootstrapping(release)] if of_cloudnativepg else []
        installing.result()
    written += logs(release)
    release.upgrade(merged(values, {"auth": {"roles": {"bill_readonly_user": {"password": "given by a value"}}}}))
    release.cluster.helm("test", release.name)
    written += logs(release)
    pod = f"pod/{release.cluster.pod}"
    release.cluster.kubectl("delete", pod, "--wait=true")
    release.cluster.kubectl("wait", pod, "--for=create", "--timeout=240s")
    release.cluster.kubectl("wait", pod, "--for=condition=Ready", "--timeout=240s")
    processes.ended.set()
    processes.join()
    yield Watched(release, request.param, processes.of(pods(release)), written + logs(release))
    if of_cloudnativepg:
        release.cluster.kubectl("delete", f"cluster/{NAME}")
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


def pods(release: Release) -> set[str]:
    """The uids of all that there were: something happened to each."""
    events = ("get", "events", "--field-selector=involvedObject.kind=Pod", "--output=jsonpath={.items[*].involvedObject.uid}")
    return set(release.cluster.kubectl(*events).split())


def bootstrapping(release: Release) -> str:
    """What the pod says that makes CloudNativePG's first server, to its end."""
    pod = ("get", "pods", "--selector=cnpg.io/jobRole=initdb", "--output=name")
    name = wait_for(lambda: release.cluster.kubectl(*pod).strip(), "the pod that makes the first server", 240)
    wait_for(lambda: release.cluster.get(name)["status"]["phase"] != "Pending", f"{name} to begin", 240)
    return release.cluster.follow(name)()


def logs(release: Release) -> list[str]:
    pods = [pod["metadata"]["name"] for pod in release.cluster.get("pods")["items"]]
    return [release.cluster.kubectl("logs", pod, "--all-containers") for pod in pods]


def database_contents(release: Release) -> Iterator[tuple[str, str]]:
    yield "pg_stat_statements", release.cluster.sql("SELECT query FROM pg_stat_statements")
    yield "pg_stat_activity", release.cluster.sql("SELECT query FROM pg_stat_activity")
    dump = ["pg_dump", "--username=postgres", "bill_inquiry_db"]
    container = f"--container={release.cluster.container}"
    yield "tables", release.cluster.kubectl("exec", release.cluster.pod, container, "--", *dump)


def test_no_secret_is_found_where_people_look(watched: Watched) -> None:
    written = "\n".join(watched.logs)
    assert "ALTER DEFAULT PRIVILEGES" in written, "statements are logged"
    assert "the schema of bill_inquiry_db is ready" in written
    places = {**dict(objects(watched.release)), **dict(database_contents(watched.release)), "a log": written}
    assert {"statefulsets.apps", "manifest", "tables"} <= set(places)
    known = secrets(watched.release)
    assert [f"{secret} in {place}" for secret, value in known.items() for place, text in places.items() if value in text] == []


def program(line: bytes) -> str:
    """The name of a command line's program; a server's process may show what it does instead."""
    return Path(line.split(b"\0")[0].split(b":")[0].decode()).name


def test_no_command_line_has_a_secret(watched: Watched) -> None:
    lines = {line for line, _ in watched.processes}
    assert PROGRAMS[watched.kind] - {program(line) for line in lines} == set(), "seen at work"
    assert [s for s, value in secrets(watched.release).items() if any(value.encode() in line for line in lines)] == []


def test_no_environment_has_another_roles_password_or_a_key(watched: Watched) -> None:
    passwords = watched.release.passwords()
    keys = {name: value for name, value in secrets(watched.release).items() if name.endswith(".key")}
    assert keys
    roles = set()
    for _, environment in watched.processes:
        variables = dict(v.split(b"=", 1) for v in environment.split(b"\0") if b"=" in v)
        role = variables.get(b"PGUSER", b"").decode()
        others = {name for name, value in (passwords | keys).items() if name != role and value.encode() in environment}
        assert others == set(), (role, sorted(variables))
        roles.add(role)
    assert ROLES[watched.kind] - roles == set(), "seen at work"
