"""Which values a cluster needs so that the chart finds a StorageClass on it."""

from functools import cache
from pathlib import Path

import yaml

from harness import paths
from harness.kubernetes import Cluster

ANY_CLUSTER = paths.PRESETS / "any-cluster.yaml"


@cache
def presets(cluster: Cluster) -> tuple[Path, ...]:
    """The preset that takes the default class, where the cluster has neither the chart's class nor the driver to make it with."""
    values = yaml.safe_load((paths.CHART / "values.yaml").read_text())
    wanted = {
        f"storageclass.storage.k8s.io/{values['persistence']['storageClass']}",
        f"csidriver.storage.k8s.io/{values['storageClass']['provisioner']}",
    }
    there = cluster.kubectl("get", "storageclasses,csidrivers", "--output=name").split()
    return () if wanted & set(there) else (ANY_CLUSTER,)
