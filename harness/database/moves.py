"""The chart's move Job beside a server in a container: a container of another major version fills a new volume."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testcontainers.core.container import DockerContainer

from harness.database.hook import DATABASE
from harness.database.jobs import Job
from harness.database.servers import HOOK, SHARED, SOCKETS, USER, Run, Server, chart
from harness.database.volumes import MOUNT
from harness.local.images import POSTGRES_IMAGE

CLAIM = "postgresql-bill-inquiry-pvc-new"


@dataclass(frozen=True)
class Move:
    """The rendered move Job from a server to the new volume `folder`, with the Job's limits, in the image of `major`."""

    server: Server
    major: str
    folder: Path
    database: str = DATABASE
    room: str = ""  # of the volume, which then is gone with the run

    def start(self, claim: str = CLAIM, **environment: str) -> Job:
        """Start it; the caller waits for its end."""
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)
        manifests = chart({"persistence": {"volume": claim.removeprefix("postgresql-bill-inquiry-pvc-")}})
        scripts = self.server.scripts(manifests["ConfigMap", "bill-inquiry-move-script"]["data"])
        [container] = manifests["Job", "bill-inquiry-move"]["spec"]["template"]["spec"]["containers"]
        variables = {variable["name"]: variable["value"] for variable in container["env"]}
        variables |= {"PGHOST": SOCKETS, "PGUSER": HOOK, "PGDATABASE": self.database, "CREDENTIALS": "/none"}
        command = [word.replace("/scripts", scripts) for word in container["command"]]
        return Job(self._container(command, variables | environment).start())

    def run(self, claim: str = CLAIM, **environment: str) -> Run:
        """Run it to its end."""
        return self.start(claim, **environment).end()

    def _container(self, command: list[str], variables: dict[str, Any]) -> DockerContainer:
        made = DockerContainer(POSTGRES_IMAGE.format(tag=self.major)).with_command(command).with_envs(**variables)
        if self.room:
            made.tmpfs[MOUNT] = f"uid={USER},gid={USER},mode=0700,size={self.room}"
        else:
            made.with_volume_mapping(str(self.folder), MOUNT, "rw")
        made.with_volume_mapping(str(self.server.folder), SHARED, "ro")
        made.with_volume_mapping(str(self.server.folder / "run"), SOCKETS, "rw")
        made.tmpfs["/tmp"] = f"uid={USER},gid={USER},mode=0700"
        restricted = {"network_mode": "none", "user": f"{USER}:{USER}", "read_only": True, "cap_drop": ["ALL"]}
        return made.with_kwargs(**restricted, mem_limit="512m", memswap_limit="512m")
