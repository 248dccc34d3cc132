"""Who gets in, and how: every client of clients.py against a server with default values and a hardened one."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from harness import paths
from harness.kubernetes import Cluster, CommandError
from harness.on_cluster.clients import (
    APPLICATION,
    CLIENTS,
    IN,
    NO_ANSWER,
    OTHER_NAMESPACE,
    OTHER_POD,
    OUTSIDE,
    SERVER_POD,
    Client,
)
from harness.on_cluster.pods import listening, standing
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret

APPLICATION_LABEL = {"tier": "application"}
PORT = 5432


@dataclass(frozen=True)
class Doors:
    """A release, pods to knock from, by place, addresses of a pod and a Service that no policy covers, and the passwords."""

    release: Release
    pods: dict[str, tuple[Cluster, str]]
    reachable: list[str]
    passwords: dict[str, str]
    socket: str = "/var/run/postgresql"

    def knock(self, client: Client) -> str:
        """IN, or all that the client was told."""
        if client.place == OUTSIDE:
            return self._from_outside()
        cluster, pod = self.pods[client.place]
        replication = client.database == "replication"
        asked = ["--dbname=dbname=postgres replication=true", "--command=IDENTIFY_SYSTEM"]
        if not replication:
            asked = [f"--dbname={client.database}", "--command=SELECT current_user"]
        try:
            told = cluster.kubectl("exec", pod, "--", "env", *self._environment(client), "psql", "--no-psqlrc", "-At", *asked)
        except CommandError as error:
            return NO_ANSWER if "timeout expired" in str(error) else str(error)
        assert replication or told.strip() == client.role
        return IN

    def _environment(self, client: Client) -> list[str]:
        host = f"postgresql-bill-inquiry.{self.release.cluster.namespace}.svc.cluster.local"
        variables = {
            "PGHOST": host, "PGUSER": client.role, "PGPASSWORD": self.passwords.get(client.role, ""), "PGCONNECT_TIMEOUT": "10",
            "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/tmp/ca.crt",
        }  # fmt: skip
        variables |= {
            name: value.format(host=host, socket=self.socket, **self.passwords) for name, value in client.environment.items()
        }
        return [f"{name}={value}" for name, value in variables.items()]

    def _from_outside(self) -> str:
        service = self.release.cluster.get("service/postgresql-bill-inquiry")["spec"]
        assert (service["type"], [port.get("nodePort") for port in service["ports"]]) == ("ClusterIP", [None])
        addresses = [self.release.cluster.get(f"pod/{self.release.cluster.pod}")["status"]["podIP"], service["clusterIP"]]
        for address in addresses:
            server = (self.release.cluster.pod, f"--container={self.release.cluster.container}")
            own = self.release.cluster.kubectl("exec", *server, "--", "pg_isready", "-h", address)
            assert "accepting connections" in own
        assert {answers(address) for address in self.reachable} == {True}, "or no answer would prove nothing"
        return NO_ANSWER if {answers(address) for address in addresses} == {False} else IN


def answers(address: str) -> bool:
    """Whether this machine, which is none of the cluster's, gets a TCP connection."""
    try:
        socket.create_connection((address, PORT), timeout=5).close()
    except TimeoutError:
        return False
    return True


@pytest.fixture(scope="module", params=["default", "hardened"])
def doors(request: pytest.FixtureRequest, exporter_image: None, namespaces: Callable[[str], Cluster]) -> Iterator[Doors]:
    """The chart with default values, then with the preset."""
    release = Release(namespaces(f"billdb-access-{request.param}"))
    release.install(None, *([f"--values={paths.PRESETS}/hardened.yaml"] if request.param == "hardened" else []))
    yield around(release, namespaces(f"billdb-elsewhere-{request.param}"))
    release.remove()


def around(release: Release, elsewhere: Cluster) -> Doors:
    """Client pods around a server, one a place."""
    certificate = secret(release, "postgresql-bill-inquiry-tls")
    files = {
        "ca.crt": certificate["ca.crt"],
        "server.crt": certificate["tls.crt"],
        "server.key": certificate["tls.key"],
    }
    places = {
        APPLICATION: (release.cluster, APPLICATION_LABEL),
        OTHER_POD: (release.cluster, {"tier": "other"}),
        OTHER_NAMESPACE: (elsewhere, APPLICATION_LABEL),
    }
    pods = {
        place: (cluster, standing(cluster, f"client-{number}", labels, files))
        for number, (place, (cluster, labels)) in enumerate(places.items())
    }
    uncovered = listening(elsewhere, "uncovered", PORT)
    elsewhere.kubectl("label", "pod/uncovered", "app=uncovered")
    elsewhere.kubectl("expose", "pod/uncovered", f"--port={PORT}")
    reachable = [uncovered, elsewhere.get("service/uncovered")["spec"]["clusterIP"]]
    return Doors(release, pods | {SERVER_POD: (release.cluster, release.cluster.pod)}, reachable, release.passwords())


@pytest.mark.parametrize("client", CLIENTS, ids=[f"{c.place}: {c.what}" for c in CLIENTS])
def test_client_gets_what_the_table_says(doors: Doors, client: Client) -> None:
    expected = client.hardened if doors.release.cluster.namespace.endswith("hardened") else client.default
    told = doors.knock(client)
    if expected in (IN, NO_ANSWER):
        assert told == expected
    else:
        assert expected in told
