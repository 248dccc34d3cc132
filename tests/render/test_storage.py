"""The claim and its class."""

import pytest

from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import SERVER, plain


def test_the_storage_class_is_azures_and_keeps_the_disk_of_a_deleted_claim(default: Manifests) -> None:
    storage = default["StorageClass", "managed-standard"]
    assert {key: storage[key] for key in storage if key not in ("apiVersion", "kind", "metadata")} == {
        "provisioner": "disk.csi.azure.com",
        "parameters": {"skuName": "Standard_LRS"},
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


def test_the_storage_class_is_a_hook_that_nothing_deletes_and_so_no_part_of_a_revision(default: Manifests) -> None:
    assert default["StorageClass", "managed-standard"]["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-delete-policy": "hook-failed",
    }


@pytest.mark.parametrize("values", [
    {"storageClass": {"create": False}},
    {"persistence": {"storageClass": ""}},
    {"persistence": {"existingClaim": "mine"}},
    {
        "withoutCluster": "refuse", "auth": {"existingSecret": "x"}, "schema": {"login": "password"}, "tls": {"mode": "disabled"},
        "backup": {"enabled": False},
    },
], ids=["not wanted", "the cluster's default", "a claim of one's own", "helm template, Argo CD"])  # fmt: skip
def test_no_storage_class_is_rendered_where_none_is_to_be_made(values: dict[str, object]) -> None:
    assert render(values).of("StorageClass") == []


@pytest.mark.parametrize(("values", "size", "mode", "named"), [
    ({}, "20Gi", "ReadWriteOnce", {"storageClassName": "managed-standard"}),
    ({"storageClass": ""}, "20Gi", "ReadWriteOnce", {}),
    (EVERYTHING_ON["persistence"], "2.5Gi", "ReadWriteOncePod", {"storageClassName": "fast"}),
], ids=["default", "the cluster's class", "everything on"])  # fmt: skip
def test_the_claim_is_as_the_values_say(values: dict[str, object], size: str, mode: str, named: dict[str, str]) -> None:
    spec = plain(render({"persistence": values})["PersistentVolumeClaim", f"{SERVER}-pvc"]["spec"])
    assert spec == {"accessModes": [mode], "resources": {"requests": {"storage": size}}} | named


def test_a_claim_that_is_brought_along_is_used_and_not_made() -> None:
    values = {"persistence": {"existingClaim": "mine"}, "backup": {"repository": {"volume": {"existingClaim": "mine-too"}}}}
    assert render(values).of("PersistentVolumeClaim") == []
