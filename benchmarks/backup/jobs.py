"""The chart's Jobs of backups as they are rendered, run on this machine beside the server, without a container."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from benchmarks.schema import server
from benchmarks.schema.databases import CHART
from harness import paths
from harness.chart import Manifests, render
from harness.local import cgroups, programs
from harness.local.machine import MachineError

BACKUP, RESTORE = "bill-inquiry-backup", "bill-inquiry-restore"
ROOT = server.FOLDER / "pod"  # what the pod has below /
CGROUP = f"billdb-bench-{sha256(str(paths.ROOT).encode()).hexdigest()[:8]}"
REPOSITORY = ROOT / "repository" / "data"


@dataclass(frozen=True)
class Result:
    """What audit.backup_run says of a backup: bytes read of the database, and bytes that the repository grew by."""

    read: int
    added: int


def prepare() -> None:
    """Make the pod's files in place of what an earlier run left."""
    programs.install(["restic"])
    remove()
    for name in ("scripts", "restic", "repository", "repository-password", "credentials"):
        (ROOT / name).mkdir(parents=True)
    for name, text in _chart()["ConfigMap", "bill-inquiry-backup-script"]["data"].items():
        (ROOT / "scripts" / name).write_text(text.replace("/tmp/", f"{ROOT}/tmp/"))
    (ROOT / "restic" / "restic").symlink_to(paths.BIN / "restic")
    (ROOT / "repository-password" / "password").write_text("of a benchmark's repository")
    cgroups.create(CGROUP)
    cgroups.limit_processors(CGROUP, processors(_container(BACKUP)["resources"]["limits"]["cpu"]))


def remove() -> None:
    """Remove the pod's files, with the repository, and its control group."""
    cgroups.remove(CGROUP)
    shutil.rmtree(ROOT, ignore_errors=True)


def empty_repository() -> None:
    """Let the next backup be the first one."""
    shutil.rmtree(REPOSITORY, ignore_errors=True)


def run(name: str, *, limited: bool = False, **environment: str) -> None:
    """Run a CronJob's container on the chart's database, by choice with the processors that a backup may have.

    Raises MachineError with its log when it fails.
    """
    shutil.rmtree(ROOT / "tmp", ignore_errors=True)
    (ROOT / "tmp").mkdir()  # empty for each run, as a new pod's is
    container = _container(name)
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    rendered = {variable["name"]: below(variable["value"], mounts) for variable in container["env"]}
    here = {"PGHOST": str(server.SOCKET), "PGDATABASE": CHART, "TMPDIR": str(ROOT / "tmp")}
    command = [below(word, mounts) for word in (*container["command"], *container.get("args", ()))]
    if limited:
        command = cgroups.joining(CGROUP, command, controller="cpu")
    done = subprocess.run(
        command, env=server.environment() | rendered | here | environment, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        raise MachineError(f"{name}, with status {done.returncode}:\n{done.stdout}{done.stderr}")


def back_up(*, limited: bool = False) -> Result:
    """Make a backup; returns what it recorded."""
    run(BACKUP, limited=limited)
    found = server.query(CHART, "SELECT bytes, added_bytes FROM audit.backup_run WHERE kind = 'backup' ORDER BY id DESC LIMIT 1")
    read, added = found.split("|")
    return Result(int(read), int(added))


def size() -> int:
    """Bytes of the repository."""
    return sum(file.stat().st_size for file in REPOSITORY.rglob("*") if file.is_file())


def processors(quantity: str) -> float:
    """A quantity of processors of Kubernetes', 1500m or 1.5."""
    return int(quantity.removesuffix("m")) / 1000 if quantity.endswith("m") else float(quantity)


def below(word: str, mounts: list[str]) -> str:
    """A path of one of the pod's mounts as it is on this machine; any other word as it is."""
    return f"{ROOT}{word}" if any(word == mount or word.startswith(f"{mount}/") for mount in mounts) else word


def _chart() -> Manifests:
    return render({"tls": {"mode": "disabled"}})


def _container(name: str) -> Mapping[str, Any]:
    [container] = _chart()["CronJob", name]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return dict(container)
