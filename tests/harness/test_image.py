"""How it is told which image of PostgreSQL ran: only what came from a registry has a digest in its name."""

import json
from pathlib import Path

import pytest

from harness import image, paths
from harness.kubernetes import Cluster
from harness.local import images

DIGEST = "sha256:" + "0a" * 32
NAME = "docker.io/library/postgres:14"
OTHERS = ["docker.io/library/postgres:15", f"docker.io/library/postgres@sha256:{'1b' * 32}"]


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([[[NAME, f"docker.io/library/postgres@{DIGEST}"], OTHERS]], DIGEST),
        ([[[NAME], OTHERS]], image.STAND_IN),
        ([[[NAME]], [[NAME, f"docker.io/library/postgres@{DIGEST}"]]], f"{DIGEST}, {image.STAND_IN}"),
        ([[OTHERS], []], "on no node yet, the cluster pulls it"),
    ],
    ids=["pulled", "imported", "both", "none"],
)
def test_the_header_names_the_image_of_the_nodes(
    empty_checkout: Path, tmp_path: Path, nodes: list[list[list[str]]], told: str
) -> None:
    items = [{"status": {"images": [{"names": names} for names in images]}} for images in nodes]
    paths.BIN.mkdir(parents=True)
    (paths.BIN / "kubectl").write_text(f"#!/bin/bash\necho '{json.dumps({'items': items})}'")
    (paths.BIN / "kubectl").chmod(0o755)
    assert image.on_nodes(Cluster(tmp_path / "kubeconfig", "ns")) == f"{NAME}: {told}"


@pytest.mark.parametrize(
    ("image_id", "told"),
    [(f"docker.io/library/postgres@{DIGEST}", DIGEST), (DIGEST, image.STAND_IN)],
    ids=["pulled", "imported"],
)
def test_the_report_names_the_image_of_the_servers_container(image_id: str, told: str) -> None:
    containers = [{"name": "reload-certificates", "image": "x", "imageID": "x@y"}]
    containers += [{"name": "postgresql", "image": NAME, "imageID": image_id}]
    assert image.of_pod({"status": {"containerStatuses": containers}}) == f"{NAME}: {told}"


def test_the_stand_in_of_restic_is_what_the_chart_asks_for() -> None:
    module = (paths.ROOT / "harness/tools/restic/go.mod").read_text()
    assert image.restic() == images.RESTIC_IMAGE
    assert f"github.com/restic/restic v{image.restic().rpartition(':')[2]} " in module


def test_up_brings_the_exporter_only_for_values_that_switch_it_on(tmp_path: Path) -> None:
    on, off = tmp_path / "on.yaml", tmp_path / "off.yaml"
    on.write_text("metrics: {enabled: true}")
    off.write_text("metrics: {port: 9188}")
    always = [image.name(), image.restic()]
    assert image.of_release([]) == image.of_release([off]) == always
    assert image.of_release([on, off]) == [*always, image.exporter()]
