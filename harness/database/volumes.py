"""A volume in a container, on which the chart's scripts run as the StatefulSet's containers run them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testcontainers.core.container import DockerContainer

from harness.database.servers import HOOK, USER, Run, chart, run_in
from harness.local.images import POSTGRES_IMAGE

MOUNT = "/bitnami/postgresql"
OUTPUT = "/output"
PREPARE, START = (f"bash /etc/postgresql/{name}.sh" for name in ("prepare-volume", "start-server"))
ENVIRONMENT = {
    "PGDATA": f"{MOUNT}/data",
    "PASSWORD_FILE": "/credentials/postgres",
    "CLUSTER_LOCALE": "C.UTF-8",
    "AUDIT_CONFIG": "/var/run/postgresql/audit.conf",
    "PGHOST": "/var/run/postgresql",
    "PGUSER": HOOK,
    "PGDATABASE": "postgres",
}


class Pod:
    """A container with the volume `folder` and scratch space of its own, in which commands are run."""

    def __init__(self, container: DockerContainer, output: Path) -> None:
        """Take a started container, which has the folder `output` at OUTPUT."""
        self._container = container
        self._output = output

    def run(self, script: str, user: int = USER, **environment: str) -> Run:
        """Run a bash script to its end; its output and errors together."""
        shared = (self._output, OUTPUT)
        return run_in(self._container, shared, ["bash", "-c", script], user=str(user), environment=ENVIRONMENT | environment)

    def check(self, script: str, user: int = USER, **environment: str) -> str:
        """Run a bash script that has to succeed; returns its output."""
        done = self.run(script, user, **environment)
        assert done.status == 0, done.log
        return done.log

    def password(self, content: str) -> None:
        """Make this the Secret's password of the superuser, to the byte."""
        self.check('printf %s "$CONTENT" > "$PASSWORD_FILE"', CONTENT=content)

    def serve(self, options: str = "") -> None:
        """Start the server, its log in /tmp/log, and wait until it answers."""
        waiting = "until pg_isready -q -t 1; do [[ -e /proc/$! ]] || { cat /tmp/log; exit 1; }; done"
        self.check(f"setsid {START} {options} &> /tmp/log & {waiting}")

    def stop(self) -> None:
        """Stop the server, and wait for its end."""
        self.check("pg_ctl stop")

    def sql(self, query: str, **environment: str) -> str:
        """The running server's answer: columns by `|`, rows by line."""
        return self.check('psql -qAtX -c "$QUERY"', USER, QUERY=query, **environment).removesuffix("\n")

    def alone(self, statement: str) -> None:
        """Run a statement on the volume without the chart, as whoever had it before may have."""
        self.check('postgres --single -c exit_on_error=on postgres <<< "$STATEMENT"', STATEMENT=statement)


@contextmanager
def pod(major: str, folder: Path, values: Mapping[str, Any] | None = None) -> Iterator[Pod]:
    """A pod of the chart on the volume `folder`, which several may share."""
    config = folder / "config"
    volume = folder / "volume"
    output = folder / "output"
    for place in (folder, config, volume, output):
        place.mkdir(exist_ok=True)
        place.chmod(0o777)
    for file, text in chart(values)["ConfigMap", "postgresql-bill-inquiry-config"]["data"].items():
        (config / file).write_text(text)
    container = DockerContainer(POSTGRES_IMAGE.format(tag=major)).with_command(["sleep", "infinity"])
    container.with_volume_mapping(str(volume), MOUNT, "rw").with_volume_mapping(str(config), "/etc/postgresql", "ro")
    container.with_volume_mapping(str(output), OUTPUT, "rw")
    for scratch in ("/var/run/postgresql", "/credentials"):
        container.tmpfs[scratch] = f"uid={USER},gid={USER},mode=0777"
    with container.with_kwargs(network_mode="none", init=True) as started:
        made = Pod(started, output)
        made.password("secret")
        yield made
