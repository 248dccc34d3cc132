"""A store for backups on the node of the local Kubernetes: a program that pods reach by a name, over TLS with a CA of its own."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.kubernetes import Cluster
from harness.local import node
from harness.local.certificates import Authority
from harness.waiting import wait_for

FREE_PORT = "import socket; s = socket.socket(); s.bind(('', 0)); print(s.getsockname()[1])"


@dataclass
class Program:
    """A program on the node that serves HTTPS at `host` and `port`; its log, certificates and data lie in `folder`."""

    host: str
    port: int
    folder: Path
    command: Sequence[str]
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def ca(self) -> str:
        """The certificate, PEM, of the CA that signed the store's."""
        return Authority(self.folder / "tls").certificate.read_text()

    def start(self) -> None:
        """Start it, also again after `stop`, with the data it had; returns when it answers."""
        with (self.folder / "log").open("ab") as log:
            # In the node's network alone, so that it is this process itself; it ends with this program.
            command = ["setpriv", "--pdeathsig=KILL", *_in_network(*self.command)]
            self._process = subprocess.Popen(
                command, env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(
            lambda: self.request("/").returncode == 0,
            f"{self.host} to answer",
            seen=lambda: (self.folder / "log").read_text()[-3000:],
        )

    def request(self, path: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Ask the store for a path with curl; it succeeds with any answer, unless the options say otherwise."""
        where = ["--resolve", f"{self.host}:{self.port}:{node.ADDRESS}", f"https://{self.host}:{self.port}{path}"]
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", str(self.folder / "tls" / "ca.crt"), *where]
        return subprocess.run([*command, *options], capture_output=True, text=True)

    def stop(self) -> None:
        """End it at once, as a store does that goes away: open connections break and new ones are refused."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def free_port() -> int:
    """A port that nothing on the node listens on."""
    return int(subprocess.run(_in_network(sys.executable, "-c", FREE_PORT), check=True, capture_output=True).stdout)


def _in_network(*command: str) -> list[str]:
    running = node.first()
    return ["nsenter", f"--target={running.pid}", "--net", "--", *command]


@contextmanager
def named(cluster: Cluster, service: str, host: str, port: int) -> Iterator[None]:
    """Let a headless Service of the namespace stand for the node, which answers to the name `host` too."""
    name = {"metadata": {"name": service, "labels": {"kubernetes.io/service-name": service}}}
    ports = [{"name": "https", "port": port}]
    endpoint: dict[str, Any] = {"addresses": [node.ADDRESS], "conditions": {"ready": True}}
    if not host.startswith(f"{service}."):
        endpoint["hostname"] = host.partition(".")[0]
    objects = [
        {"apiVersion": "v1", "kind": "Service", "spec": {"clusterIP": "None", "ports": ports}} | name,
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": [endpoint],
         "ports": ports} | name,
    ]  # fmt: skip
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(objects))
    try:
        yield
    finally:
        cluster.kubectl("delete", f"service/{service}", f"endpointslice/{service}", "--ignore-not-found")


def secret(cluster: Cluster, name: str, content: Mapping[str, str]) -> None:
    """Make a Secret, as somebody does who gives the chart a store's keys."""
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(content)}
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(made))
