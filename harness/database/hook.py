"""The chart's schema Job, run on a server in a container."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.database.jobs import Job
from harness.database.servers import HOOK, SOCKETS, Run, Server, chart

DATABASE = "bill_inquiry_db"


@dataclass(frozen=True)
class Hook:
    """The rendered schema Job of some values, or of files changed by hand, ready to run on a server."""

    server: Server
    values: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str | None] = field(default_factory=dict)  # None: the ConfigMap's file is left out
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, database: str = DATABASE) -> Run:
        """Run it to its end, beside the server, on a database of this name."""
        return self.server.execute(*self.command(), environment=self.variables(database))

    def start(self, database: str = DATABASE) -> Job:
        """Start it in a container of its own, with the Job's limits; the caller waits for its end."""
        return Job(self.server.job(self.command(), self.variables(database)))

    def apply(self, database: str = DATABASE) -> str:
        """Run it, expecting success; returns its log."""
        done = self.run(database)
        assert done.status == 0, done.log
        return done.log

    def command(self) -> list[str]:
        """The Job's command, on the ConfigMap's files put where the server's containers see them."""
        data = {**self.configmap(), **self.files}
        folder = self.server.scripts({name: text for name, text in data.items() if text is not None})
        return [word.replace("/scripts", folder) for word in self._container()["command"]]

    def configmap(self) -> dict[str, str]:
        """The rendered files by name."""
        return dict(chart(self.values)["ConfigMap", "bill-inquiry-schema-script"]["data"])

    def variables(self, database: str = DATABASE) -> dict[str, str]:
        """The Job's environment, with the socket in place of the Service."""
        rendered = {variable["name"]: variable["value"] for variable in self._container()["env"]}
        here = {"PGHOST": SOCKETS, "PGUSER": HOOK, "PGDATABASE": database, "CREDENTIALS": "/shared/credentials"}
        return rendered | here | dict(self.environment)

    def _container(self) -> dict[str, Any]:
        [container] = chart(self.values)["Job", "bill-inquiry-db-init"]["spec"]["template"]["spec"]["containers"]
        return dict(container)
