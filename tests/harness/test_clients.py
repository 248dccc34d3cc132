"""Which helm and kubectl serve a cluster: those at hand of a sufficient version, else built ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness import clients
from harness.errors import UserError
from harness.local import programs
from harness.local.machine import MachineError

Recorded = Callable[..., Callable[[], list[str]]]


def helm(version: str) -> str:
    return f"echo v{version}"


def kubectl(client: str, server: str = "1.33.2") -> str:
    asked = f'if [[ $1 == version ]]; then echo \'{{"clientVersion": {{"gitVersion": "v{client}"}}}}\''
    return asked + f'; else echo \'{{"gitVersion": "v{server}-eks-1"}}\'; fi'


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that would have been built."""
    names: list[str] = []

    def build(wanted: list[str]) -> None:
        names.extend(wanted)
        if "kubectl" in wanted:
            raise MachineError("building")  # no program comes of it here

    monkeypatch.setattr(programs, "install", build)
    return names


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    file = tmp_path / "kubeconfig"
    file.touch()
    return file


@pytest.mark.parametrize("version", ["1.32.9", "1.33.0", "1.34.1-dispatcher"])
def test_a_kubectl_one_minor_version_from_the_server_serves(
    recorded: Recorded, empty_checkout: Path, built: list[str], kubeconfig: Path, tmp_path: Path, version: str
) -> None:
    recorded(kubectl=kubectl(version), helm=helm("4.3.1"))
    clients.provide(kubeconfig)
    found = {name: (empty_checkout / "bin" / name).readlink() for name in ("kubectl", "helm")}
    assert (found, built) == ({name: tmp_path / "bin" / name for name in ("kubectl", "helm")}, [])


@pytest.mark.parametrize("version", ["1.31.9", "1.35.0"])
def test_a_kubectl_further_from_the_server_does_not(
    recorded: Recorded, empty_checkout: Path, built: list[str], kubeconfig: Path, version: str
) -> None:
    recorded(kubectl=kubectl(version), helm=helm("4.3.1"))
    with pytest.raises(MachineError, match="building"):
        clients.provide(kubeconfig)
    assert built == ["kubectl"]


@pytest.mark.parametrize(
    ("version", "builds"),
    [("3.21.9", ["helm"]), ("3.22.0", []), ("4.2.0", ["helm"]), ("4.3.1", []), ("4.10.0", []), ("5.0.0", ["helm"])],
)
def test_helm_serves_from_the_versions_that_the_chart_is_tested_with(
    recorded: Recorded, empty_checkout: Path, built: list[str], kubeconfig: Path, version: str, builds: list[str]
) -> None:
    recorded(kubectl=kubectl("1.33.0"), helm=helm(version))
    clients.provide(kubeconfig)
    assert built == builds


def test_a_program_of_that_name_that_is_another_does_not_serve(
    recorded: Recorded, empty_checkout: Path, built: list[str], kubeconfig: Path
) -> None:
    recorded(kubectl=kubectl("1.33.0"), helm="echo a text editor >&2; exit 2")
    clients.provide(kubeconfig)
    assert built == ["helm"]


def test_what_is_in_the_checkout_already_is_kept(
    recorded: Recorded, empty_checkout: Path, built: list[str], kubeconfig: Path, tmp_path: Path
) -> None:
    recorded(kubectl=kubectl("1.33.0"), helm=helm("4.3.1"))
    (empty_checkout / "bin").mkdir(parents=True)
    for name in ("kubectl", "helm"):
        (tmp_path / "bin" / name).rename(empty_checkout / "bin" / name)
    clients.provide(kubeconfig)
    assert (built, (empty_checkout / "bin" / "helm").is_symlink()) == ([], False)


def test_a_kubeconfig_that_is_not_there_is_said_before_anything_is_built(
    recorded: Recorded, empty_checkout: Path, built: list[str], tmp_path: Path
) -> None:
    recorded()
    with pytest.raises(UserError, match=r"/none: no such file; --kubeconfig takes"):
        clients.provide(tmp_path / "none")
    assert built == []


def test_a_cluster_that_does_not_answer_is_said_in_kubectls_words_and_nothing_is_built(
    recorded: Recorded, empty_checkout: Path, built: list[str], kubeconfig: Path
) -> None:
    recorded(kubectl="echo Unable to connect to the server >&2; exit 1", helm=helm("2.0.0"))
    with pytest.raises(UserError, match=r"get --raw=/version --request-timeout=10s\nexited with 1:\nUnable to connect"):
        clients.provide(kubeconfig)
    assert built == []
