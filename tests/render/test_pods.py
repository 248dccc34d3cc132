"""Invariants of every pod that the chart makes, hooks and tests included."""

from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import containers

RESTIC = EVERYTHING_ON["backup"]["restic"]["image"]
# The containers that do not run PostgreSQL's image: two give a program to one that does, and the exporter is its own.
KUBECTL = EVERYTHING_ON["snapshots"]["kubectl"]["image"]
EXPORTER = EVERYTHING_ON["metrics"]["image"]
OTHER_IMAGES = {
    "restic": f"registry.example.com/mirror/restic:0.19.1-r1@{RESTIC['digest']}",
    "kubectl": f"registry.example.com/mirror/kubectl:1.36.4@{KUBECTL['digest']}",
    "metrics": f"registry.example.com/mirror/postgres-exporter:v0.20.0-r1@{EXPORTER['digest']}",
}


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
    assert len(manifests.pods()) >= 5, "the server, the schema Job, the two of retention and helm test"
    assert wrong == set()


def test_no_container_can_gain_privileges_or_write_to_its_image(manifests: Manifests) -> None:
    assert len(containers(manifests)) >= 6, "prepare-volume, postgresql, db-init, the two of retention and test"
    for name, container in containers(manifests).items():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ("ALL",)},
        }, name


def test_every_container_has_requests_and_limits(manifests: Manifests) -> None:
    for name, container in containers(manifests).items():
        for kind in ("requests", "limits"):
            assert set(container["resources"][kind]) == {"cpu", "memory"}, name


def test_every_mount_has_its_volume_and_every_volume_its_mount(manifests: Manifests) -> None:
    for name, pod in manifests.pods().items():
        spec = pod["spec"]
        mounted = {m["name"] for c in (*spec.get("initContainers", ()), *spec["containers"]) for m in c["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}, name


def test_every_pod_runs_its_image_with_its_digest_and_pull_secrets() -> None:
    manifests = render(EVERYTHING_ON)
    digest = EVERYTHING_ON["image"]["digest"]
    image = f"registry.example.com/mirror/postgres:14.23-bookworm@{digest}"
    found = {name: (container["image"], container["imagePullPolicy"]) for name, container in containers(manifests).items()}
    assert found == {name: (OTHER_IMAGES.get(name.rpartition("/")[2], image), "Always") for name in found}
    assert {name.rpartition("/")[2] for name in found} >= {"postgresql", *OTHER_IMAGES}
    for name, pod in manifests.pods().items():
        assert pod["spec"]["imagePullSecrets"] == ({"name": "mirror.example.com"},), name


def test_every_pod_runs_as_the_images_user() -> None:
    for name, pod in render(EVERYTHING_ON).pods().items():
        context = pod["spec"]["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (1001, 1001, 1001), name
