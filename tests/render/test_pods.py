"""Invariants of every pod that the chart makes, hooks and tests included."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON


def containers(manifests: Manifests) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each of the chart's own containers of each pod, as (Kind/name/container, container)."""
    found = 0
    extra = {container["name"] for container in EVERYTHING_ON["extraContainers"]}
    for pod, template in manifests.pods().items():
        for container in (*template["spec"].get("initContainers", ()), *template["spec"]["containers"]):
            if container["name"] in extra:
                continue
            found += 1
            yield f"{pod}/{container['name']}", container
    assert found >= 6, "prepare-volume, postgresql, db-init, the two of retention and test"


def test_every_pod_meets_the_restricted_standard(manifests: Manifests) -> None:
    wrong = {
        name
        for name, pod in manifests.pods().items()
        if pod["spec"]["automountServiceAccountToken"] is not False
        or pod["spec"]["securityContext"]["runAsNonRoot"] is not True
        or pod["spec"]["securityContext"].get("runAsUser", 1) < 1
        or pod["spec"]["securityContext"]["seccompProfile"] != {"type": "RuntimeDefault"}
        or any(key in pod["spec"] for key in ("hostNetwork", "hostPID", "hostIPC"))
        or any("hostPath" in volume for volume in pod["spec"].get("volumes", ()))
    }
    assert len(manifests.pods()) == 5
    assert wrong == set()


def test_no_container_can_gain_privileges_or_write_to_its_image(manifests: Manifests) -> None:
    for name, container in containers(manifests):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ("ALL",)},
        }, name


def test_every_container_has_requests_and_limits(manifests: Manifests) -> None:
    for name, container in containers(manifests):
        for kind in ("requests", "limits"):
            assert set(container["resources"][kind]) == {"cpu", "memory"}, name


def test_every_mount_has_its_volume_and_every_volume_its_mount(manifests: Manifests) -> None:
    for name, pod in manifests.pods().items():
        spec = pod["spec"]
        mounted = {m["name"] for c in (*spec.get("initContainers", ()), *spec["containers"]) for m in c["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}, name


def test_no_container_has_a_password_in_its_environment_but_by_reference(manifests: Manifests) -> None:
    for name, container in containers(manifests):
        for variable in container.get("env", ()):
            if "PASSWORD" in variable["name"] and not variable["name"].endswith("_FILE"):
                assert set(variable) == {"name", "valueFrom"}, name


def test_every_pod_runs_the_image_with_its_digest_and_pull_secrets() -> None:
    manifests = render(EVERYTHING_ON)
    digest = EVERYTHING_ON["image"]["digest"]
    assert {c["image"] for _, c in containers(manifests)} == {f"registry.example.com/mirror/postgres:14@{digest}"}
    assert {c["imagePullPolicy"] for _, c in containers(manifests)} == {"Always"}
    for name, pod in manifests.pods().items():
        assert pod["spec"]["imagePullSecrets"] == ({"name": "mirror.example.com"},), name


def test_every_pod_runs_as_the_images_user() -> None:
    for name, pod in render(EVERYTHING_ON).pods().items():
        context = pod["spec"]["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (1001, 1001, 1001), name


@pytest.mark.parametrize("kind", ["Service", "NetworkPolicy"])
def test_only_the_servers_pod_is_selected_as_the_server(manifests: Manifests, kind: str) -> None:
    server = manifests.of("StatefulSet")[0]["spec"]["template"]["metadata"]["labels"]
    selectors = [dict(o["spec"]["selector"]) for o in manifests.of("Service")]
    if kind == "NetworkPolicy":
        policies = {o["metadata"]["name"]: o["spec"]["podSelector"]["matchLabels"] for o in manifests.of("NetworkPolicy")}
        selectors = [dict(labels) for name, labels in policies.items() if not name.endswith("-jobs")]
        assert len(selectors) == (1 if policies else 0)
    for selector in selectors:
        selected = [n for n, p in manifests.pods().items() if selector.items() <= dict(p["metadata"]["labels"]).items()]
        assert selector.items() <= dict(server).items()
        assert [name.partition("/")[0] for name in selected] == ["StatefulSet"]
