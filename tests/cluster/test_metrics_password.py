"""The exporter's password goes to its own server alone: whoever reaches its port may name others, which get nothing.

The exporter's program by itself, with what its container is given, and a server of ours that asks for passwords in the clear.
"""

import os
import socket
import socketserver
import struct
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import paths
from harness.chart import render
from harness.waiting import wait_for
from tests.render.reading import container, environment

NAME, ROLE = "postgresql-bill-inquiry-metrics", "bill_monitoring_user"
PASSWORD = "it's:\\100%"
ENCRYPTION = 80877103


class Asker(socketserver.ThreadingTCPServer):
    """Speaks as much of PostgreSQL's protocol as it takes to be told a password."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on any port of this machine."""
        super().__init__(("127.0.0.1", 0), Asked)
        self.logins: list[str] = []
        self.told: list[str] = []
        self.port = int(self.server_address[1])


class Asked(socketserver.StreamRequestHandler):
    """One connection."""

    server: Asker

    def handle(self) -> None:
        """Ask for the password in the clear, keep what comes, and refuse."""
        while True:
            size, kind = struct.unpack("!II", self.rfile.read(8))
            rest = self.rfile.read(size - 8)
            if kind != ENCRYPTION:
                break
            self.wfile.write(b"N")
        self.server.logins.append(rest.decode())
        self.wfile.write(b"R" + struct.pack("!II", 8, 3))
        head = self.rfile.read(5)
        if head[:1] == b"p":
            self.server.told.append(self.rfile.read(struct.unpack("!I", head[1:])[0] - 4).rstrip(b"\0").decode())
        self.wfile.write(b"E" + struct.pack("!I", 18) + b"C28P01\0" + b"Mno\0" + b"\0\0")


@contextmanager
def listening() -> Iterator[Asker]:
    with Asker() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def own() -> Iterator[Asker]:
    """What stands for the exporter's own server."""
    with listening() as server:
        yield server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def exporter(tmp_path: Path, own: Asker) -> Iterator[str]:
    """The address of an exporter that has its container's environment, with the folders of this test's."""
    port = free_port()
    manifests: Any = render({"tls": {"mode": "disabled"}, "metrics": {"enabled": True, "port": port}})
    script = manifests["ConfigMap", f"{NAME}-queries"]["data"]["take-password.sh"].replace("/credentials", str(tmp_path))
    (tmp_path / ROLE).write_text(PASSWORD)
    subprocess.run(["bash", "-c", script, "bash", ROLE, str(tmp_path / "password")], check=True)
    variables = {
        key: value.replace("/password/", f"{tmp_path}/") for key, value in environment(container(manifests, "metrics")).items()
    }
    host = variables["DATA_SOURCE_URI"].partition("/")[0]
    variables["DATA_SOURCE_URI"] = variables["DATA_SOURCE_URI"].replace(host, f"127.0.0.1:{own.port}")
    command = [str(paths.BIN / "postgres_exporter"), f"--web.listen-address=127.0.0.1:{port}", "--disable-default-metrics"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env={"PATH": os.environ["PATH"], "HOME": "/"} | variables, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answer(f"{address}/") != "", "the exporter to answer")
        yield address
    finally:
        process.terminate()
        process.wait()


def answer(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=60) as found:
            return str(found.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read().decode())
    except OSError:
        return ""


def test_its_own_server_is_told_the_password_and_its_log_is_not(exporter: str, own: Asker, tmp_path: Path) -> None:
    assert "pg_up 0" in answer(f"{exporter}/metrics")
    assert set(own.told) == {PASSWORD}
    log = (tmp_path / "log").read_text()
    assert PASSWORD not in log
    assert urllib.parse.quote(PASSWORD) not in log


@pytest.mark.parametrize("more", ["", "&hostaddr=127.0.0.1", "&passfile={folder}/password", "&service=billdb"])
def test_a_server_that_anybody_names_is_told_none(exporter: str, own: Asker, tmp_path: Path, more: str) -> None:
    with listening() as other:
        target = f"postgresql://{ROLE}@127.0.0.1:{other.port}/bill_inquiry_db?sslmode=disable{more.format(folder=tmp_path)}"
        answer(f"{exporter}/probe?{urllib.parse.urlencode({'target': target})}")
        assert [login for login in other.logins if ROLE in login], "it was reached"
        assert set(other.told) <= {""}
