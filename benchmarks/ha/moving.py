"""From the StatefulSet to the Cluster and back by docs/high-availability.md: how long nobody may write, by GB."""

import tempfile
from pathlib import Path

import yaml

from benchmarks import machine, turns
from benchmarks.figures import figure, text
from benchmarks.ha import filling, servers
from benchmarks.results import Section
from benchmarks.tables import markdown
from harness import paths, storage
from harness.on_cluster import documents
from harness.on_cluster.cloudnativepg import MAJOR
from harness.on_cluster.instances import Instances
from harness.on_cluster.release import Release, merged
from harness.progress import step

DOCUMENT = "high-availability.md"
THERE, BACK = "from the StatefulSet to the Cluster", "from the Cluster to the StatefulSet"
BEGIN = {THERE: "before-the-move", BACK: "before-the-way-back"}  # the Job whose creation is the first command
# One server each, with backups on a volume; the commands choose the engine.
VALUES = {
    "image": {"tag": MAJOR},
    "resources": servers.VALUES["resources"],
    "cloudnativepg": {"instances": 1},
    "backup": {"drill": {"enabled": False}},
    "retention": {"enabled": False},
}


def measure(number: int, rows: int) -> Section:
    """Fill a release, move it and move it back, in a namespace of its own each turn."""
    seconds: dict[str, list[float]] = {THERE: [], BACK: []}
    with servers.operator():
        for turn in range(number):
            with (
                tempfile.TemporaryDirectory(dir=paths.LOCAL) as folder,
                servers.release("billdb-bench-ha-move") as release,
                step(f"move, turn {turn + 1} of {number}"),
            ):
                gigabytes = _filled(release, Path(folder), rows)
                version = machine.server(servers.psql(release, "SELECT version();").strip())
                for way in seconds:
                    seconds[way].append(turns.seconds(documents.run, commands(way), release.cluster, Path(folder)))
                    if way == THERE:
                        Instances(release).wait_healthy(servers.LONGEST)
    return Section(section(rows, gigabytes, seconds), f"{version} and CloudNativePG")


def _filled(release: Release, folder: Path, rows: int) -> float:
    values = VALUES
    for file in storage.presets(release.cluster):
        values = merged(yaml.safe_load(file.read_text()), values)
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    release.install(values)
    return filling.fill(release, rows)


def commands(way: str) -> str:
    """The document's block that moves so."""
    [block] = [block for block in documents.blocks(DOCUMENT) if block.startswith("kubectl create job") and BEGIN[way] in block]
    return block


def section(rows: int, gigabytes: float, seconds: dict[str, list[float]]) -> str:
    """The part's text."""
    body = [
        [way, str(len(took)), *(text(figure([each / by for each in took]), digits) for by, digits in ((60, 1), (gigabytes, 0)))]
        for way, took in seconds.items()
    ]
    return "\n\n".join([
        f"{rows:,} rows in each history table, {gigabytes:.2f} GB with their indexes, by the commands of docs/{DOCUMENT},\n"
        "from the backup to the last comparison: as long the service may not write.",
        markdown(["", "n", "minutes", "s a GB"], body),
    ])  # fmt: skip
