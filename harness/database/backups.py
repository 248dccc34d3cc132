"""The chart's Jobs of backups, run on a server in a container, with a repository in a folder that its containers share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.database.hook import DATABASE
from harness.database.jobs import Job
from harness.database.servers import HOOK, SOCKETS, Run, Server, chart

SCRIPT = "bill-inquiry-backup-script"
SUPERUSERS = ("bill-inquiry-restore", "bill-inquiry-db-restore")


@dataclass(frozen=True)
class Backups:
    """The rendered Jobs of some values, or with files changed by hand, ready to run on a server: by their names."""

    server: Server
    values: Mapping[str, Any] = field(default_factory=dict)
    repository: str = "data"  # several may stand beside each other
    files: Mapping[str, str] = field(default_factory=dict)

    def run(self, name: str = "bill-inquiry-backup", database: str = DATABASE, **environment: str) -> Run:
        """Run it to its end in a container of its own, with the Job's limits, on a database of this name."""
        return self.start(name, database, **environment).end()

    def apply(self, name: str = "bill-inquiry-backup", database: str = DATABASE, **environment: str) -> str:
        """Run it, expecting success; returns its log."""
        done = self.run(name, database, **environment)
        assert done.status == 0, done.log
        return done.log

    def start(self, name: str = "bill-inquiry-backup", database: str = DATABASE, **environment: str) -> Job:
        """Start it; the caller waits for its end."""
        memory = self._container(name)["resources"]["limits"]["memory"].removesuffix("i").lower()
        return Job(self.server.job(self.command(name), self.variables(name, database) | environment, memory))

    def command(self, name: str) -> list[str]:
        """The Job's command, on the ConfigMap's files put where the server's containers see them."""
        container = self._container(name)
        folder = self.server.scripts({**chart(self.values)["ConfigMap", SCRIPT]["data"], **self.files})
        return [word.replace("/scripts", folder) for word in [*container["command"], *container.get("args", [])]]

    def restore(self, database: str = DATABASE, *, start: str = "latest", then: str = "keep", **environment: str) -> Run:
        """Run the Job of bill-inquiry-restore as the document says it is made: with FROM and THEN."""
        return self.run("bill-inquiry-restore", database, FROM=start, THEN=then, **environment)

    def restic(self, *arguments: str) -> Run:
        """Run restic on the repository, as a person would."""
        places = {"RESTIC_REPOSITORY": f"/repository/{self.repository}", "RESTIC_PASSWORD_FILE": "/repository-password/password"}
        return self.server.execute("/restic/restic", "--no-cache", *arguments, environment=places)

    def variables(self, name: str, database: str) -> dict[str, str]:
        """The Job's environment, with the socket in place of the Service."""
        rendered = {variable["name"]: variable["value"] for variable in self._container(name)["env"]}
        user = HOOK if name in SUPERUSERS else rendered["PGUSER"]
        here = {"PGHOST": SOCKETS, "PGUSER": user, "PGDATABASE": database, "CREDENTIALS": "/shared/credentials"}
        return rendered | here | {"RESTIC_REPOSITORY": f"/repository/{self.repository}"}

    def _container(self, name: str) -> dict[str, Any]:
        [pod] = [pod for maker, pod in chart(self.values).pods().items() if maker.partition("/")[2] == name]
        [container] = pod["spec"]["containers"]
        return dict(container)
