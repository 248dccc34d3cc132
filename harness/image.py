"""The images of PostgreSQL and restic on a cluster's node: the official ones where their registry answers, else the stand-ins."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from harness import commands, paths
from harness.commands import CommandError
from harness.kubernetes import Cluster
from harness.progress import say, step

ANSWER = 3  # seconds in which a registry must have named the image's digest
STAND_IN = "stand-in (imported, from no registry)"


def name() -> str:
    """The name of PostgreSQL's image, as values.yaml has it."""
    return _name(_values()["image"])


def restic() -> str:
    """The name of restic's image, as values.yaml has it."""
    return _name(_values()["backup"]["restic"]["image"])


def kubectl() -> str:
    """The name of kubectl's image, as values.yaml has it."""
    return _name(_values()["snapshots"]["kubectl"]["image"])


def exporter() -> str:
    """The name of the metrics' exporter's image, as values.yaml has it."""
    return _name(_values()["metrics"]["image"])


def pooler() -> str:
    """The name of PgBouncer's image, as values.yaml has it."""
    return _name(_values()["cloudnativepg"]["pooler"]["image"])


def of_release(files: Sequence[Path]) -> list[str]:
    """The images of a release with these values files that have a stand-in: with the exporter where it is switched on."""
    given = [yaml.safe_load(file.read_text()) or {} for file in files]
    switches = [each.get("metrics", {}).get("enabled") for each in [_values(), *given]]
    [*_, metrics] = [switch for switch in switches if switch is not None]
    return [name(), restic(), *([exporter()] if metrics else [])]


def _values() -> dict[str, Any]:
    return dict(yaml.safe_load((paths.CHART / "values.yaml").read_text()))


def _name(image: dict[str, str]) -> str:
    return f"{image['registry']}/{image['repository']}:{image['tag']}"


def provide(image: str, ctr: Sequence[str], stand_in: Callable[[], None]) -> None:
    """Have a node's containerd hold the image; `ctr` is the command that asks it, `stand_in` what brings the stand-in.

    The name changes to the official image only when all of that is there. What was pulled once is not asked for again.
    """
    ctr = [*ctr, "--namespace=k8s.io"]
    repository = image.rpartition(":")[0]
    if commands.run([*ctr, "images", "list", "--quiet", f"name~=^{repository}@"]).strip():
        return
    try:
        index = commands.run([*ctr, "content", "fetch-object", image], timeout=ANSWER)
        digest = f"{repository}@sha256:{sha256(index.encode()).hexdigest()}"
        with step(f"pull {digest}"):
            commands.run([*ctr, "images", "pull", digest], timeout=600)
        commands.run([*ctr, "images", "tag", "--force", digest, image])
    except CommandError as error:
        say(f"no registry gives {image} ({str(error).strip().splitlines()[-1]}): the {STAND_IN} serves")
        stand_in()


def on_nodes(cluster: Cluster) -> str:
    """Which image of this name the cluster's nodes have: its digest, the stand-in, or none."""
    images: list[list[str]] = [
        image.get("names") or [] for node in cluster.get("nodes")["items"] for image in node["status"].get("images", ())
    ]
    of_name = sorted({_digest(names) for names in images if name() in names})
    return f"{name()}: {', '.join(of_name) or 'on no node yet, the cluster pulls it'}"


def of_pod(pod: dict[str, Any]) -> str:
    """Which image a running pod's server has: its digest, or the stand-in."""
    [server] = [status for status in pod["status"]["containerStatuses"] if status["name"] == "postgresql"]
    return f"{server['image']}: {_digest([server['imageID']])}"


def _digest(names: Sequence[str]) -> str:
    """Only what came from a registry has a name with a digest."""
    return next((name.partition("@")[2] for name in names if "@" in name), STAND_IN)
