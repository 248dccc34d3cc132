"""What is refused of a newer major version and of another volume before anything is touched, each in full."""

from typing import Any

import pytest

from harness.helm_template import RenderError, template
from harness.stub_cluster import Object
from tests.values.looking import OURS, SERVER, claim, look, named, problems

PVC = f"{SERVER}-pvc"
NEW = f"{SERVER}-pvc-18"
MOVED = claim(NEW, OURS | {"billdb/moved-from": PVC})


def running(image: str = "docker.io/library/postgres:14", claimed: str = PVC, chart: str = "0.4.0") -> Object:
    """This release's server on a claim."""
    volume = {"name": "postgresql-data", "persistentVolumeClaim": {"claimName": claimed}}
    pod = {"volumes": [volume], "containers": [{"name": "postgresql", "image": image}]}
    server = named("StatefulSet", SERVER, spec={"template": {"spec": pod}})
    server["metadata"]["labels"] = server["metadata"]["labels"] | {"helm.sh/chart": f"billdb-{chart}"}
    return server


def to(tag: str = "18", volume: Any = "") -> dict[str, Any]:
    return {"image": {"tag": tag}, "persistence": {"volume": volume}}


@pytest.mark.parametrize("tag", ["18", "18.4", "18-bookworm", "18.4.0-debian-12-r1"])
def test_a_newer_image_on_the_volume_of_an_older_one_is_refused_with_the_way_to_go(tag: str) -> None:
    assert problems(to(tag), running(), claim()) == [
        f"image.tag: PostgreSQL 18, but the data on the claim {PVC} are of PostgreSQL 14; to move them to a new claim, add "
        "--set persistence.volume=18 (docs/upgrades.md), or set image.tag to 14"
    ]


@pytest.mark.parametrize(
    ("values", "image"),
    [
        (to("14.24"), "docker.io/library/postgres:14"),
        ({"image": {"digest": f"sha256:{64 * 'a'}", "tag": "18"}}, "docker.io/library/postgres:14"),
        (to(), f"docker.io/library/postgres:14@sha256:{64 * 'a'}"),
        (to("7"), "registry.example.com:18/ours/postgres:6"),
        (to("stable"), "registry.example.com:18/ours/postgres"),
        (to("2026.18"), "registry.example.com/ours/postgres:2025.14"),
    ],
    ids=["a minor version", "to a digest", "from a digest", "numbers of one's own", "no number", "years"],
)
def test_an_image_whose_tag_says_no_major_version_is_left_to_the_volume(values: dict[str, Any], image: str) -> None:
    assert look(values, running(image), claim())


def test_there_is_no_way_down() -> None:
    down = "image.tag: PostgreSQL 14, but the data are of PostgreSQL 18, and there is no way down; set it to 18, or go back to a "
    for values in (to("14", 18), to("14", "new")):
        assert problems(values, running("docker.io/library/postgres:18", NEW), MOVED) == [
            f"{down}revision before the move with the data of then: helm rollback"
        ]


def test_another_word_moves_the_data_by_a_job_before_anything_else() -> None:
    rendered = look(to("18", 18), running(), claim())
    assert rendered["PersistentVolumeClaim", NEW]["metadata"]["annotations"] == OURS | {
        "helm.sh/hook": "pre-upgrade", "helm.sh/hook-weight": "0", "helm.sh/hook-delete-policy": "hook-failed",
        "helm.sh/resource-policy": "keep", "billdb/moved-from": PVC,
    }  # fmt: skip
    assert ("PersistentVolumeClaim", PVC) not in rendered, "helm leaves what is to be kept"
    assert rendered["Job", "bill-inquiry-move"]["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    assert moved_from(rendered) == [PVC]


def test_a_claim_of_an_earlier_try_is_taken_again() -> None:
    rendered = look(to("18", 18), running(), claim(), MOVED)
    assert "helm.sh/hook" not in rendered["PersistentVolumeClaim", NEW]["metadata"]["annotations"]
    assert ("Job", "bill-inquiry-move") in rendered


def test_after_the_move_nothing_changes_and_no_job_is_left() -> None:
    first = look(to("18", 18), running(), claim())
    then = look(to("18", "18"), running("docker.io/library/postgres:18", NEW), claim(), MOVED)
    assert not [key for key in then if key[0] in ("Job", "ConfigMap") and "move" in key[1]]
    pods = [rendered["StatefulSet", SERVER]["spec"]["template"]["spec"]["initContainers"][0]["env"] for rendered in (first, then)]
    assert pods[0] == pods[1]
    assert then["PersistentVolumeClaim", NEW]["metadata"]["annotations"] == {
        "helm.sh/resource-policy": "keep",
        "billdb/moved-from": PVC,
    }


def moved_from(rendered: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
    [prepare] = rendered["StatefulSet", SERVER]["spec"]["template"]["spec"]["initContainers"]
    return [variable["value"] for variable in prepare["env"] if variable["name"] == "MOVED_FROM"]


@pytest.mark.parametrize("tag", ["18", "14"])
def test_the_way_back_to_the_claim_of_before_is_a_rollback(tag: str) -> None:
    there = running(f"docker.io/library/postgres:{tag}", NEW)
    assert problems(to(tag), there, claim(), MOVED) == [
        f'persistence.volume: "", but the data were moved from {PVC} to {NEW}, and what was written since is not there; '
        'keep "18", or go back to the data of then: helm rollback'
    ]


def test_a_release_of_an_earlier_chart_is_upgraded_first() -> None:
    assert problems(to("18", 18), running(chart="0.3.0"), claim()) == [
        'persistence.volume: "18", but the release is of chart 0.3.0, to which no rollback could open again what a move closes; '
        "upgrade to this chart with the image and the volume that there are, then move"
    ]
    assert look({}, running(chart="0.3.0"), claim())


def test_an_installation_takes_the_claim_that_has_the_newest_data() -> None:
    [refusal] = problems(to("14"), claim(), MOVED)
    assert refusal == (
        f'persistence.volume: "", but a move took the data from {PVC} to the claim {NEW}; set it to "18", or to start with the '
        f"data of before the move: kubectl delete pvc -n phonebill-dev {NEW}, then try again"
    )
    assert look(to("18", 18), claim(), MOVED)
    assert problems(to("18", 18), claim()) == [
        f'persistence.volume: "18", but the data of an earlier installation are on {PVC} and would stay behind; install without '
        "it, then move by helm upgrade"
    ]
    assert moved_from(look(to("18", 18))) == []


def test_a_claim_of_ones_own_is_another_way_to_say_it() -> None:
    both = {"persistence": {"volume": "18", "existingClaim": "mine"}}
    assert problems(both, claim("mine")) == [
        "persistence.volume: names one of the chart's claims, and persistence.existingClaim is mine; remove the one or the other"
    ]
    assert moved_from(look(to("18", 18), running(claimed="mine"), claim("mine"))) == ["mine"]
    assert problems({}, running(claimed="mine"), claim("mine")) == [
        f"persistence.existingClaim: the server would run on the claim {PVC}, but this release's data is on mine; keep that, or "
        "to move, run helm uninstall billdb -n phonebill-dev, which keeps data and passwords, then helm install with the other "
        "claim"
    ]


def test_without_a_look_into_the_cluster_no_data_are_moved() -> None:
    with pytest.raises(RenderError) as refusal:
        template(to("18", 18))
    assert (
        "- persistence.volume: helm cannot look into the cluster here, and so move no data; move by helm upgrade, then give the "
        "claim as persistence.existingClaim here"
    ) in str(refusal.value).splitlines()
