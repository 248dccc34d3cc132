"""PostgreSQL servers in containers, set up by the chart's own rendered scripts and settings, for its schema Job to run on.

A container has no network: the server listens on a socket in a folder that the containers and this machine share.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import psycopg
from testcontainers.core.container import DockerContainer

from harness import paths
from harness.chart import Manifests, render
from harness.local.images import POSTGRES_IMAGE
from harness.waiting import wait_for

USER = 999  # of the official image
HOOK = "billdb_hook"
SOCKETS = "/var/run/postgresql"
SHARED = "/shared"
PASSWORDS = {
    "postgres": "superuser $HOME `id` \\",
    "bill_inquiry_user": "it's \"the\" service's; -- \\' :x %",
    "bill_readonly_user": "읽기 전용",
    "bill_backup_user": "backup-1234",
    "bill_monitoring_user": "monitoring-1234",
    "bill_maintenance_user": "maintenance-1234",
}
REPOSITORY_PASSWORD = "the repository's $PASSWORD"
# What a tests' server does otherwise than the chart's: no network, quick instead of durable, and it logs whatever it can.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_duration": "on",
}
START = f"""
set -e
bash /etc/postgresql/prepare-volume.sh
while :; do  # a server that a test killed comes back, as its pod would
  bash /etc/postgresql/start-server.sh {" ".join(f"-c {k}={v!r}" for k, v in SETTINGS.items())} &
  server=$!
  echo $server > {SHARED}/server.pid
  wait $server || true
done >> {SHARED}/server.log 2>&1
"""


@dataclass(frozen=True)
class Run:
    """One run of the schema Job's script: its exit status and all that it printed."""

    status: int
    log: str


def chart(values: Mapping[str, Any] | None = None) -> Manifests:
    """The chart for a server that is reached by its socket: the hook's role may come in freely, all others by password."""
    rules = [f"local all {HOOK} trust", "local all,replication all scram-sha-256"]
    return render({"tls": {"mode": "disabled"}, "postgresql": {"hba": rules}, **(values or {})})


class Server:
    """A server of one major version, in a container that lives until `stop`; `folder` is shared with it."""

    def __init__(self, major: str, folder: Path) -> None:
        """Start the server and wait until it answers. Raises TimeoutError with its log."""
        self.major = major
        self.folder = folder
        for name in ("run", "config", "credentials", "repository", "repository-password"):
            (folder / name).mkdir(parents=True)
        for name in (".", "run", "repository"):
            (folder / name).chmod(0o777)
        _write(folder / "repository-password", {"password": REPOSITORY_PASSWORD})
        manifests = chart()
        _write(folder / "config", manifests["ConfigMap", "postgresql-bill-inquiry-config"]["data"])
        self.credentials(PASSWORDS)
        self._container = self._new(["/bitnami/postgresql"]).with_command(["bash", "-c", START])
        self._container.with_envs(
            PGDATA="/bitnami/postgresql/data",
            PASSWORD_FILE=f"{SHARED}/credentials/postgres",
            CLUSTER_LOCALE="C.UTF-8",
            AUDIT_CONFIG=f"{SOCKETS}/audit.conf",
        )
        self._container.start()
        self.wait()

    def _new(self, writable: Sequence[str] = (), **limits: Any) -> DockerContainer:
        container = DockerContainer(POSTGRES_IMAGE.format(tag=self.major))
        container.with_volume_mapping(str(self.folder), SHARED, "rw").with_volume_mapping(str(self.folder / "run"), SOCKETS, "rw")
        container.with_volume_mapping(str(self.folder / "config"), "/etc/postgresql", "ro")
        container.with_volume_mapping(str(self.folder / "repository"), "/repository", "rw")
        container.with_volume_mapping(str(self.folder / "repository-password"), "/repository-password", "ro")
        container.with_volume_mapping(str((paths.BIN / "restic").resolve()), "/restic/restic", "ro")
        for place in ("/tmp", *writable):
            container.tmpfs[place] = f"uid={USER},gid={USER},mode=0700"
        restricted = {"network_mode": "none", "user": f"{USER}:{USER}", "read_only": True, "cap_drop": ["ALL"]}
        return container.with_kwargs(**restricted, **limits)

    def stop(self) -> None:
        """End the server and remove its container."""
        self._container.stop()
        shutil.rmtree(self.folder)

    def wait(self, seconds: float = 120) -> None:
        """Wait until the server answers."""
        wait_for(self._answers, f"PostgreSQL {self.major} to answer", seconds, lambda: self.log()[-3000:])

    def _answers(self) -> bool:
        try:
            self.connect(database="postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def log(self) -> str:
        """What the server and its setup have written so far."""
        written = self.folder / "server.log"
        setup = b"".join(self._container.get_logs()).decode()
        return setup + (written.read_text(errors="replace") if written.exists() else "")

    def kill(self) -> None:
        """Kill the server's first process, without a chance to tidy up; it starts again by itself."""
        self.execute("bash", "-c", f"kill -9 $(< {SHARED}/server.pid)")

    def credentials(self, passwords: Mapping[str, str], name: str = "credentials") -> str:
        """Write one file a role, as the Secret is mounted; returns the folder's path in the container."""
        (self.folder / name).mkdir(exist_ok=True)
        _write(self.folder / name, passwords)
        return f"{SHARED}/{name}"

    def scripts(self, files: Mapping[str, str]) -> str:
        """Write the schema ConfigMap's files; returns the folder's path in the container."""
        place = Path(mkdtemp(prefix="scripts-", dir=self.folder))
        place.chmod(0o755)
        _write(place, files)
        return f"{SHARED}/{place.name}"

    def connect(self, user: str = HOOK, database: str = "bill_inquiry_db", **options: Any) -> psycopg.Connection:
        """Connect as a role of the chart's, in autocommit mode."""
        login = {"user": user, "password": PASSWORDS.get(user), "dbname": database} | options
        return psycopg.connect(host=str(self.folder / "run"), autocommit=True, **login)

    def execute(self, *command: str, environment: Mapping[str, str] | None = None) -> Run:
        """Run a command in the server's container."""
        return run_in(self._container, (self.folder, SHARED), command, environment=dict(environment or {}))

    def job(
        self, command: Sequence[str], environment: Mapping[str, str], memory: str = "64m", scratch: str = "50%"
    ) -> DockerContainer:
        """Start a Job's command in a container of its own, with its limits and a /scratch of that size; the caller removes it."""
        container = self._new(mem_limit=memory, memswap_limit=memory).with_envs(**environment).with_command(list(command))
        container.tmpfs["/scratch"] = f"uid={USER},gid={USER},mode=0700,size={scratch}"
        return container.start()


def run_in(container: DockerContainer, shared: tuple[Path, str], command: Sequence[str], **options: Any) -> Run:
    """Run a command in a container; `shared` is a folder that anybody may write to: its path here, and there.

    The output goes through a file in it: the engine drops what it has not read two seconds after a command's end, which happens
    on a busy machine.
    """
    here, there = shared
    name = f"output-{uuid4()}"
    redirected = ["bash", "-c", 'exec "$@" &> "$0"', f"{there}/{name}", *command]
    status = container.get_wrapped_container().exec_run(redirected, **options).exit_code
    output = here / name
    log = output.read_bytes().decode(errors="replace")
    output.unlink()
    return Run(status, log)


def dump(server: Server, database: str) -> str:
    """The database as SQL by pg_dump, without what differs from one run to the next."""
    done = server.execute("pg_dump", f"--host={SOCKETS}", f"--username={HOOK}", "--rows-per-insert=100", database)
    if done.status:
        raise subprocess.SubprocessError(done.log)
    return "".join(
        line for line in done.log.splitlines(keepends=True) if not line.startswith(("-- Dumped", "\\restrict", "\\unrestrict"))
    )


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (folder / name).write_text(content)
