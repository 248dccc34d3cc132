"""helm and kubectl for a cluster: those at hand where they are of a sufficient version, else built ones."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import commands, exit_status, paths
from harness.commands import CommandError
from harness.errors import UserError
from harness.kubernetes import Cluster
from harness.local import programs
from harness.progress import say

HELM = {3: (3, 22, 0), 4: (4, 3, 1)}  # the oldest that the chart is tested with, by major version
SKEW = 1  # minor versions that kubectl may be older or newer than the API server, as Kubernetes' version skew policy has it


def provide(kubeconfig: Path) -> None:
    """Put a helm and a kubectl that suit the cluster into .local/bin. Raises UserError, as when the cluster does not answer."""
    if not kubeconfig.is_file():
        raise UserError(f"{kubeconfig}: no such file; --kubeconfig takes the file that kubectl reads for the cluster")
    if not any(_candidates("kubectl")):
        programs.install(["kubectl"])
    server = _server(kubeconfig)
    if not _take("kubectl", _kubectl, lambda client: abs(client[1] - server[1]) <= SKEW):
        programs.install(["kubectl"])
        client = _kubectl(paths.BIN / "kubectl")
        if abs(client[1] - server[1]) > SKEW:
            say(f"kubectl {_dotted(client)} is more than {SKEW} minor version from the server {_dotted(server)}")
    if not _take("helm", _helm, lambda client: client >= HELM.get(client[0], (client[0] + 1,))):
        programs.install(["helm"])


def _take(name: str, version: Callable[[Path], tuple[int, ...]], suits: Callable[[tuple[int, ...]], bool]) -> bool:
    """Have .local/bin hold the first that suits; returns whether there is one."""
    for candidate in _candidates(name):
        if suits(found := version(candidate)):
            if candidate.parent != paths.BIN:
                say(f"{name} {_dotted(found)}: {candidate}")
                paths.BIN.mkdir(parents=True, exist_ok=True)
                with TemporaryDirectory(dir=paths.BIN) as own:  # others may be placing the same
                    new = Path(own) / name
                    new.symlink_to(candidate)
                    new.rename(paths.BIN / name)
            return True
    return False


def _candidates(name: str) -> Iterator[Path]:
    """The one in .local/bin, then the one on PATH."""
    if (paths.BIN / name).exists():
        yield paths.BIN / name
    if on_path := shutil.which(name):
        yield Path(on_path)


def _helm(file: Path) -> tuple[int, ...]:
    return _numbers(_said(file, "version", "--template={{.Version}}"))


def _kubectl(file: Path) -> tuple[int, ...]:
    said = _said(file, "version", "--client", "--output=json")
    return _numbers(json.loads(said)["clientVersion"]["gitVersion"] if said else "")


def _said(file: Path, *arguments: str) -> str:
    """What the program answers; nothing when it cannot, as one of an unknown kind or another machine's."""
    try:
        return commands.run([str(file), *arguments], timeout=30)
    except CommandError:
        return ""


def _server(kubeconfig: Path) -> tuple[int, ...]:
    kubectl = next(_candidates("kubectl"))
    environment = Cluster(kubeconfig, "default").environment
    said = commands.run([str(kubectl), "get", "--raw=/version", "--request-timeout=10s"], timeout=30, environment=environment)
    return _numbers(json.loads(said)["gitVersion"])


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(number) for number in found.groups()) if found else (0, 0, 0)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


if __name__ == "__main__":
    sys.exit(exit_status.of("clients", lambda: provide(Path(sys.argv[1]))))
