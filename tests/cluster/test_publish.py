"""The chart published to a real registry on loopback, and installed from there."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import paths, publish
from harness.on_cluster.release import Release
from harness.waiting import wait_for


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of an empty registry without TLS, which this machine alone can reach."""
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    configuration = folder / "config.yml"
    configuration.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '{address}'}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([paths.BIN / "registry", "serve", configuration], stdout=log, stderr=log)
    ask = ["curl", "--silent", "--fail", "--output", "/dev/null", f"http://{address}/v2/"]
    wait_for(lambda: subprocess.run(ask).returncode == 0, "the registry to answer", seen=(folder / "log").read_text)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def pushed(registry: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the chart pushed to the registry."""
    return publish.push(f"oci://{registry}/charts", "--plain-http", folder=tmp_path_factory.mktemp("dist"))


def test_the_pushed_chart_has_a_digest(pushed: str) -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", pushed)


def test_a_version_that_is_there_is_refused(registry: str, pushed: str, tmp_path: Path) -> None:
    with pytest.raises(publish.PublishError, match="is published already; raise the version"):
        publish.push(f"oci://{registry}/charts", "--plain-http", folder=tmp_path)


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(publish.PublishError, match="oci://HOST/PATH"):
        publish.push("registry.example.com/charts", folder=tmp_path)


def test_the_published_chart_installs_by_its_digest(release: Release, registry: str, pushed: str) -> None:
    release.install(None, f"oci://{registry}/charts/billdb@{pushed}", "--plain-http")
    assert release.cluster.sql("SELECT count(*) FROM system_config") == "13"
    assert "Succeeded" in release.cluster.helm("test", release.name)
