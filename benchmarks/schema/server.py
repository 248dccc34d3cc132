"""PostgreSQL without Kubernetes, on a Unix socket, with the settings that the chart renders."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from harness import paths
from harness.chart import render
from harness.local import images, packages
from harness.local.machine import MachineError, require_disk, run
from harness.progress import step
from harness.waiting import wait_for

FOLDER = paths.LOCAL / "bench"
DATA = FOLDER / "data"
SOCKET = FOLDER / "socket"
CLIENTS = ("postgresql-15", "postgresql-client-15", "libpq5")  # psql and pgbench; installing those would also make a server
# PostgreSQL refuses root; in a user namespace root's processes and files belong to somebody else.
AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
# For loading only: what would survive a crash does not matter yet.
LOADING = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "wal_level": "minimal", "max_wal_senders": "0",
    "max_wal_size": "16GB", "maintenance_work_mem": "2GB", "autovacuum": "off", "max_parallel_maintenance_workers": "0",
}  # fmt: skip


def prepare(gibibytes: float) -> None:
    """Unpack server and clients, and make an empty cluster in place of what an earlier run left."""
    remove()
    require_disk(paths.ROOT, gibibytes)
    SOCKET.mkdir(parents=True, exist_ok=True)
    _unpack_server()
    _clients()
    with step("initdb"):
        values = _values()
        run(
            *AS_NOBODY, f"{_programs()}/initdb", f"--pgdata={DATA}", "--username=postgres", "--encoding=UTF8",
            f"--locale={values['locale']}", "--auth=trust", "--no-sync",
        )  # fmt: skip


def remove() -> None:
    """Remove the data."""
    shutil.rmtree(DATA, ignore_errors=True)


@contextmanager
def running(settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """A server with the chart's settings and these over them; stopped, with a checkpoint, when the block ends."""
    own = {
        "data_directory": DATA, "hba_file": DATA / "pg_hba.conf", "ident_file": DATA / "pg_ident.conf",
        "unix_socket_directories": SOCKET, "listen_addresses": "",
    }  # fmt: skip
    config = FOLDER / "postgresql.conf"
    config.write_text(_values()["conf"])
    options = [f"-c{name}={value}" for name, value in (own | dict(settings or {})).items()]
    with (FOLDER / "server.log").open("a") as log:
        server = subprocess.Popen(
            [*AS_NOBODY, f"{_programs()}/postgres", f"-cconfig_file={config}", *options],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(lambda: _answers(server), "the server to answer", seen=_end_of_log)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def psql(database: str, *arguments: str) -> str:
    """What psql says to these arguments, unaligned, without headers. Raises MachineError with its error."""
    command = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", f"--dbname={database}"]
    done = subprocess.run(client("psql", *command, *arguments), env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"psql {' '.join(arguments)} in {database}:\n{done.stderr}")
    return done.stdout.strip()


def query(database: str, sql: str) -> str:
    """The answer of one or more statements, each in a transaction of its own."""
    return psql(database, *(f"--command={statement}" for statement in sql.split(";\n")))


def client(program: str, *arguments: str) -> list[str]:
    """The command line of a client program."""
    return [f"{_clients()}/usr/lib/postgresql/15/bin/{program}", *arguments]


def environment() -> dict[str, str]:
    """The variables that a client needs."""
    clients = _clients()
    return os.environ | {
        "PGHOST": str(SOCKET), "PGPORT": "5432", "PGUSER": "postgres", "LD_LIBRARY_PATH": f"{clients}/usr/lib/x86_64-linux-gnu",
        "PATH": f"{clients}/usr/lib/postgresql/15/bin:{os.environ['PATH']}",
    }  # fmt: skip


def _programs() -> Path:
    return FOLDER / "server" / images.SERVER.lstrip("/") / "bin"


def _unpack_server() -> None:
    root = FOLDER / "server"
    if not _programs().exists():
        root.mkdir(parents=True, exist_ok=True)
        with step("unpack the server"):
            images.install_postgres(images.POSTGRES["14"], root)


def _clients() -> Path:
    return packages.unpacked(*CLIENTS)


def _values() -> dict[str, str]:
    """The rendered postgresql.conf as `conf`, and the chart's `locale`."""
    config = render({"tls": {"mode": "disabled"}})["ConfigMap", "postgresql-bill-inquiry-config"]["data"]
    return {
        "conf": config["postgresql.conf"],
        "locale": yaml.safe_load((paths.CHART / "values.yaml").read_text())["postgresql"]["locale"],
    }


def _answers(server: "subprocess.Popen[bytes]") -> bool:
    if server.poll() is not None:
        raise MachineError(f"the server ended; the end of its log:\n{_end_of_log()}")
    ask = client("psql", "--dbname=postgres", "--command=")
    return subprocess.run(ask, env=environment(), capture_output=True).returncode == 0


def _end_of_log() -> str:
    return "\n".join((FOLDER / "server.log").read_text().splitlines()[-10:])
