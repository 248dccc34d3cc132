"""A run of the schema Job in a container of its own, which can be followed, killed and waited for."""

from collections.abc import Iterator
from http import HTTPStatus

from docker.errors import APIError
from testcontainers.core.container import DockerContainer

from harness.database.servers import Run

HANGS = 600  # seconds after which a run that does not end is given up


class Job:
    """A run that was started; `end` removes its container."""

    def __init__(self, container: DockerContainer) -> None:
        """Take a started container."""
        self._container = container.get_wrapped_container()

    def lines(self) -> Iterator[str]:
        """Each line that it prints, as it prints it, until it ends."""
        for line in self._container.logs(stream=True, follow=True):
            yield line.decode()

    def running(self) -> bool:
        """Whether it has not ended yet."""
        self._container.reload()
        return bool(self._container.status == "running")

    def kill(self, signal: str = "KILL") -> None:
        """Send a signal to its first process; nothing happens where it has ended by itself meanwhile."""
        try:
            self._container.kill(signal)
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise

    def end(self) -> Run:
        """Wait for its end and remove it; returns its exit status and all that it printed."""
        status = self._container.wait(timeout=HANGS)["StatusCode"]
        log = self._container.logs().decode()
        self._container.remove(v=True)
        return Run(status, log)
