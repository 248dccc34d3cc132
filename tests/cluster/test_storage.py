"""Where the volume comes from on any cluster: its StorageClass, the rights that takes, and growth before a rollback."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from harness import paths
from harness.kubernetes import CommandError
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for

LOCAL_PATH = "rancher.io/local-path"
PVC = "postgresql-bill-inquiry-pvc"
ANY_CLUSTER = f"--values={paths.PRESETS / 'any-cluster.yaml'}"

pytestmark = pytest.mark.local_node  # no class of this cluster is the default
DEFAULT = tuple(f"storageclass{old}.kubernetes.io/is-default-class" for old in ("", ".beta"))  # Kubernetes takes both


@pytest.fixture
def fresh(release: Release) -> Iterator[Release]:
    """The module's release, not installed, in an empty namespace."""
    yield release
    release.remove()


@pytest.fixture
def classes(release: Release) -> Iterator[Callable[..., str]]:
    """Make a StorageClass of the cluster's own driver under a name of this test's; deleted when it is done."""
    made: list[str] = []

    def make(name: str, annotations: Mapping[str, str] | None = None, *, create: bool = True) -> str:
        made.append(f"billdb-test-{name}")
        metadata = {"name": made[-1], "annotations": dict(annotations or {})}
        manifest = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata, "provisioner": LOCAL_PATH,
                    "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": True}  # fmt: skip
        if create:
            release.cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(manifest))
        return made[-1]

    yield make
    for name in made:
        release.cluster.kubectl("delete", "storageclass", name, "--ignore-not-found")


def class_of(release: Release, name: str) -> dict[str, Any]:
    return release.cluster.get(f"storageclass/{name}")


def names_of_classes(release: Release) -> str:
    """The cluster's classes as a refusal lists them."""
    items = [item["metadata"] for item in release.cluster.get("storageclass")["items"]]
    marked = [
        m["name"] + (" (default)" if any(m.get("annotations", {}).get(key) == "true" for key in DEFAULT) else "") for m in items
    ]
    return ", ".join(marked)


def with_the_classes(fresh: Release, *arguments: Any) -> tuple[str, str]:
    """The one refusal of an installation, and the classes that there were: other tests make and delete theirs meanwhile."""

    def undisturbed() -> tuple[str, str] | None:
        before = names_of_classes(fresh)
        [refusal] = fresh.refused("install", *arguments)
        return (refusal, before) if names_of_classes(fresh) == before else None

    found = wait_for(undisturbed, "a moment in which nobody makes or deletes a class")
    assert found
    return found


@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_a_rollback_to_the_first_revision_works_where_the_chart_made_the_class(
    fresh: Release, classes: Callable[..., str], program: str
) -> None:
    name = classes(f"made-{program}", create=False)
    values = {
        "persistence": {"storageClass": name},
        "storageClass": {"provisioner": LOCAL_PATH, "parameters": {"skuName": None}, "reclaimPolicy": "Delete"},
    }
    fresh.install(values, program=program)
    made = class_of(fresh, name)
    assert (made["provisioner"], made["reclaimPolicy"]) == (LOCAL_PATH, "Delete")
    fresh.upgrade(merged(values, {"podDisruptionBudget": {"enabled": False}}), program=program)
    fresh.cluster.helm("rollback", fresh.name, "1", "--wait", program=program)
    revisions = [fresh.cluster.helm("get", "manifest", fresh.name, f"--revision={n}", program=program) for n in (1, 2, 3)]
    budgets = ["kind: PodDisruptionBudget" in manifest for manifest in revisions]
    assert (budgets, ["kind: StorageClass" in manifest for manifest in revisions]) == ([True, False, True], [False] * 3)
    assert class_of(fresh, name) == made
    fresh.cluster.helm("uninstall", fresh.name, "--wait", program=program)
    assert class_of(fresh, name) == made


def test_neither_the_class_nor_its_driver_is_refused_with_the_classes_that_there_are(fresh: Release) -> None:
    values = {"persistence": {"storageClass": "billdb-test-none"}, "storageClass": {"provisioner": "example.com/no-such-driver"}}
    refusal, names = with_the_classes(fresh, values)
    assert refusal == (
        "persistence.storageClass: billdb-test-none, but this cluster has neither this StorageClass nor the driver to make it "
        f"with, example.com/no-such-driver; it has: {names}; set it to one of them, or to \"\" for the default "
        "(presets/any-cluster.yaml), or install the driver (storageClass.provisioner)"
    )  # fmt: skip


@pytest.mark.parametrize("default", DEFAULT)
def test_any_cluster_with_a_default_class_serves_and_one_without_says_so(
    fresh: Release, classes: Callable[..., str], default: str
) -> None:
    refusal, names = with_the_classes(fresh, None, ANY_CLUSTER)
    assert refusal == (
        "persistence.storageClass: empty, but this cluster has no default StorageClass; "
        f"it has: {names}; set it to one of them, or storageClass.create to false where a "
        "volume without a class waits for the claim"
    )
    name = classes("default", {default: "true"})
    fresh.install(None, ANY_CLUSTER)
    assert fresh.cluster.get(f"pvc/{PVC}")["spec"]["storageClassName"] == name
    [refusal] = fresh.refused("upgrade")
    assert refusal == (
        f"persistence.storageClass: managed-standard, but the claim {PVC} has {name} and cannot change it; "
        f"set persistence.storageClass to {name}"
    )
    fresh.cluster.kubectl("delete", "storageclass", name)
    assert "STATUS: deployed" in fresh.upgrade(None, ANY_CLUSTER), "a bound claim asks for no class"


def test_rights_in_one_namespace_are_enough_where_no_class_is_to_be_made(fresh: Release) -> None:
    everything = "--resource=*.*"
    fresh.cluster.kubectl("create", "serviceaccount", "deployer")
    fresh.cluster.kubectl("create", "role", "deployer", "--verb=*", everything)
    account = f"{fresh.cluster.namespace}:deployer"
    fresh.cluster.kubectl("create", "rolebinding", "deployer", "--role=deployer", f"--serviceaccount={account}")
    as_deployer = f"--kube-as-user=system:serviceaccount:{account}"
    with pytest.raises(CommandError, match='cannot get resource "storageclasses"'):
        fresh.install(None, as_deployer)
    assert "STATUS: deployed" in fresh.install({"storageClass": {"create": False}}, as_deployer)
    assert "STATUS: deployed" in fresh.upgrade(None, as_deployer), "a bound claim asks for no class"


def test_after_growth_a_rollback_fails_and_the_next_upgrade_mends_it(fresh: Release, classes: Callable[..., str]) -> None:
    def sized(size: str) -> dict[str, Any]:
        return {"persistence": {"storageClass": name, "size": size}}

    name = classes("growing")
    fresh.install(sized("1Gi"))
    fresh.cluster.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    told = fresh.upgrade(sized("2Gi"))
    assert "THE VOLUME GROWS from 1Gi to 2Gi and cannot shrink: helm rollback to an earlier revision fails from now on" in told
    # What the driver's resizer does once the disk has grown; the local class has none.
    patch = '{"status": {"capacity": {"storage": "2Gi"}}}'
    fresh.cluster.kubectl("patch", f"pvc/{PVC}", "--subresource=status", "--type=merge", f"--patch={patch}")
    with pytest.raises(CommandError, match="storage: Forbidden: field can not be less than"):
        fresh.cluster.helm("rollback", fresh.name, "1", "--wait")
    [refusal] = fresh.refused("upgrade", sized("1Gi"))
    assert refusal == (
        f"persistence.size: 1Gi, but the claim {PVC} has 2Gi and cannot shrink; set it to 2Gi or more "
        "(the way back to older values, too, is helm upgrade with this size: helm rollback would fail)"
    )
    told = fresh.upgrade(sized("2Gi"))
    assert ("STATUS: deployed" in told, "THE VOLUME GROWS" in told) == (True, False)
    assert fresh.cluster.sql("SELECT answer FROM kept") == "42"
