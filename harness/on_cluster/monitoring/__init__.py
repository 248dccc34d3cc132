"""Prometheus, Alertmanager and what they need, in the namespace billdb-monitoring of the local Kubernetes.

    def test_…(monitoring: Monitoring, watched: Release) -> None:      # the fixtures of tests/cluster/conftest.py
        monitoring.wait_watched(watched)                               # its exporter is scraped, its rules are evaluated
        assert monitoring.value('pg_up{namespace="…"}') == 1
        …                                                              # what the alert is for
        message = monitoring.wait_firing(watched, "BilldbDown")        # Alertmanager has sent it
        assert "not answer" in message.summary
        …                                                              # the cure
        monitoring.wait_cleared(watched, "BilldbDown")

`WATCHED` are the values that have a release scraped every 5 s (a busy machine does not answer within 2) and its rules loaded.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from harness.kubernetes import Cluster
from harness.on_cluster.monitoring import stack
from harness.on_cluster.monitoring.messages import Message, Monitoring
from harness.on_cluster.monitoring.prometheus import Prometheus, Sample
from harness.on_cluster.shared import shared

__all__ = ["WATCHED", "Message", "Monitoring", "Prometheus", "Sample", "running"]

WATCHED: Mapping[str, object] = {
    "metrics": {"enabled": True, "scrape": "serviceMonitor", "monitor": {"interval": "5s"}, "alerts": {"enabled": True}}
}


@contextmanager
def running(cluster: Cluster) -> Iterator[Monitoring]:
    """Have it all for a time. The first of several processes starts it, the last one ends it; the CRDs stay."""
    cluster = Cluster(cluster.kubeconfig, stack.NAMESPACE)
    with shared("monitoring", partial(stack.start, cluster), partial(stack.stop, cluster)):
        yield Monitoring(stack.address(cluster, "prometheus"), stack.address(cluster, "receiver"), cluster)
