"""A Prometheus without an operator: it runs with a configuration that a person wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from harness.kubernetes import Cluster
from harness.on_cluster.monitoring import stack
from harness.on_cluster.monitoring.prometheus import Prometheus

NAME = "plain"


@contextmanager
def plain(cluster: Cluster, files: dict[str, str]) -> Iterator[Prometheus]:
    """Run one with these files in /etc/prometheus, of which prometheus.yml is the configuration, until the block ends.

    It runs beside the shared one, with that one's rights in the cluster: one test at a time, while that runs.
    """
    cluster = Cluster(cluster.kubeconfig, stack.NAMESPACE)
    objects = yaml.safe_dump_all(_objects(files))
    cluster.kubectl("apply", "--filename=-", stdin=objects)
    try:
        cluster.kubectl("wait", f"pod/{NAME}", "--for=condition=Ready", "--timeout=240s")
        yield Prometheus(f"http://{cluster.get(f'pod/{NAME}')['status']['podIP']}:9090")
    finally:
        cluster.kubectl("delete", "--filename=-", "--ignore-not-found", stdin=objects)


def _objects(files: dict[str, str]) -> list[dict[str, Any]]:
    container = {
        "name": "prometheus",
        "image": "localhost/billdb/prometheus:1",
        "args": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/data"],
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": 9090}, "periodSeconds": 1},
        "volumeMounts": [{"name": "files", "mountPath": "/etc/prometheus"}, {"name": "data", "mountPath": "/data"}],
    }
    spec = {
        "serviceAccountName": "prometheus",
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"fsGroup": 65534},
        "containers": [container],
        "volumes": [{"name": "files", "configMap": {"name": NAME}}, {"name": "data", "emptyDir": {}}],
    }
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}, "data": files},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME}, "spec": spec},
    ]
