"""The command lines that kind and docker are given, and which of the two engines runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness import image, kind, paths, up
from harness.errors import UserError
from harness.local import node

Recorded = Callable[..., Callable[[], list[str]]]
RUNNING = node.Node(1, "", str(paths.ROOT))


def test_a_cluster_is_made_with_a_name_and_a_kubeconfig_of_this_checkout(recorded: Recorded, empty_checkout: Path) -> None:
    called = recorded(kind="")
    kind.start()
    assert called() == [
        "kind get clusters",
        f"kind create cluster --name={kind.NAME} --kubeconfig={empty_checkout}/kubeconfig --wait=180s",
    ]


def test_a_cluster_that_cannot_be_made_names_the_other_engine(recorded: Recorded, empty_checkout: Path) -> None:
    recorded(kind="[[ $1 == get ]] || { echo no node image >&2; exit 1; }")
    with pytest.raises(
        UserError, match=r"(?s)^kind create cluster .*no node image\n\nWithout kind: `nox -s up -- --engine=local`$"
    ):
        kind.start()


def test_a_cluster_that_is_there_is_taken(recorded: Recorded, empty_checkout: Path) -> None:
    called = recorded(kind=f"echo {kind.NAME}")
    kind.start()
    assert called() == [
        "kind get clusters",
        f"kind export kubeconfig --name={kind.NAME} --kubeconfig={empty_checkout}/kubeconfig",
    ]


def test_the_stand_in_is_loaded_from_its_archive(recorded: Recorded) -> None:
    called = recorded(kind="")
    kind.load(Path("/cache/postgres.tar"))
    assert called() == [f"kind load image-archive /cache/postgres.tar --name={kind.NAME}"]


def test_down_deletes_this_checkouts_cluster_alone(recorded: Recorded, empty_checkout: Path) -> None:
    called = recorded(kind="")
    kind.delete()
    assert called() == [f"kind delete cluster --name={kind.NAME} --kubeconfig={empty_checkout}/kubeconfig"]


PULLED = "docker.io/library/postgres@sha256:c66f27c10a0ae5545357d441f8dee67c724258a9c7b6b250376d885422d28828"


def test_the_official_image_takes_the_name_once_all_of_it_is_there(recorded: Recorded) -> None:
    called = recorded(docker='[[ $* != *fetch-object* ]] || echo "the index"')
    image.provide(image.name(), ["docker", "exec", "node", "ctr"], lambda: pytest.fail("the stand-in was asked for"))
    ctr = "docker exec node ctr --namespace=k8s.io"
    assert called() == [
        f"{ctr} images list --quiet name~=^docker.io/library/postgres@",
        f"{ctr} content fetch-object docker.io/library/postgres:14",
        f"{ctr} images pull {PULLED}",
        f"{ctr} images tag --force {PULLED} docker.io/library/postgres:14",
    ]


def test_what_was_pulled_once_is_not_asked_for_again(recorded: Recorded) -> None:
    called = recorded(docker=f"echo {PULLED}")
    image.provide(image.name(), ["docker", "exec", "node", "ctr"], lambda: pytest.fail("the stand-in was asked for"))
    assert called() == ["docker exec node ctr --namespace=k8s.io images list --quiet name~=^docker.io/library/postgres@"]


@pytest.mark.parametrize("fails", ["fetch-object", "pull"])
def test_where_no_registry_answers_the_stand_in_serves(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], fails: str
) -> None:
    recorded(docker=f'[[ $* != *{fails}* ]] || {{ echo "no such host" >&2; exit 1; }}')
    asked: list[str] = []
    image.provide(image.name(), ["docker", "exec", "node", "ctr"], lambda: asked.append("stand-in"))
    said = capsys.readouterr().err.splitlines()[-1]
    assert (
        said == "no registry gives docker.io/library/postgres:14 (no such host): the stand-in (imported, from no registry) serves"
    )
    assert asked == ["stand-in"]


ANSWERS = {"kind": "", "docker": "echo 27.0"}


@pytest.mark.parametrize(
    ("asked", "programs", "runs_here", "wanted"),
    [
        (None, ANSWERS, False, "kind"),
        (None, {"docker": "echo 27.0"}, False, "local"),
        (None, {"kind": "", "docker": "exit 1"}, False, "local"),
        (None, ANSWERS, True, "local"),
        ("local", ANSWERS, False, "local"),
        ("kind", ANSWERS, False, "kind"),
    ],
    ids=["both", "no kind", "a docker engine that does not answer", "the local one runs already", "local asked", "kind asked"],
)
def test_kind_runs_where_it_can_unless_another_is_asked_for(
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    asked: str | None,
    programs: dict[str, str],
    runs_here: bool,
    wanted: str,
) -> None:
    recorded(**programs)
    monkeypatch.setattr(node, "current", lambda: RUNNING if runs_here else None)
    assert up.engine(asked) == wanted


@pytest.mark.parametrize(
    ("asked", "programs", "runs_here", "refusal"),
    [
        ("kind", {"docker": "echo 27.0"}, False, "--engine=kind needs kind on PATH"),
        ("kind", {"kind": "", "docker": "exit 1"}, False, "--engine=kind needs a docker engine that answers"),
        ("kind", ANSWERS, True, "the local Kubernetes runs; end it with `nox -s down` first"),
        ("local", {"kind": f"echo {kind.NAME}", "docker": ""}, False, f"the cluster {kind.NAME} of kind runs; end it with"),
    ],
    ids=["no kind", "no engine", "the local one runs", "kind's runs"],
)
def test_an_engine_that_cannot_run_is_refused(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, asked: str, programs: dict[str, str], runs_here: bool, refusal: str
) -> None:
    recorded(**programs)
    monkeypatch.setattr(node, "current", lambda: RUNNING if runs_here else None)
    with pytest.raises(UserError) as error:
        up.engine(asked)
    assert str(error.value).startswith(refusal)
