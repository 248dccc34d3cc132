"""A node of the size of Azure's Standard_B2s, as AKS gives it to pods: 2 processors and 4 GiB, of which it keeps a part.

https://learn.microsoft.com/azure/aks/node-resource-reservations: 100m of two processors, and since Kubernetes 1.29 the smaller of
20 MB a pod and 50 MB more, or a quarter of the memory; AKS has 30 pods a node by default.
"""

import os

from harness.local import cgroups

PROCESSORS = 2
MEMORY = 4 * 2**30
FOR_PODS = {"cpu": 1.9, "memory": MEMORY - 650_000_000 - 100 * 2**20}
EVICTED_BELOW = 100 * 2**20  # the kubelet's evictionHard counts as well


def limit(cgroup: str) -> None:
    """Hold the node's processes, its pods among them, to that size."""
    cgroups.limit_processors(cgroup, PROCESSORS)
    cgroups.limit_memory(cgroup, MEMORY)


def reserved() -> dict[str, str]:
    """What the kubelet has to keep of this machine so that as much is left to pods as there. Nothing where it has less."""
    processors = max(0.0, (os.cpu_count() or 1) - FOR_PODS["cpu"])
    memory = max(0, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") - FOR_PODS["memory"] - EVICTED_BELOW)
    return {"cpu": f"{round(processors * 1000)}m", "memory": str(round(memory))}
