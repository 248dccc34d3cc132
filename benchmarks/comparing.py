"""helm install --wait to a created schema, in turns with other charts, which create none, and a bare StatefulSet."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import paths
from harness.kubernetes import Cluster

NAMESPACE = "billdb-compare"
OURS, BARE = (
    "billdb: helm install --wait, to a created schema",
    "a bare StatefulSet: initdb, server, probe every second; no schema",
)
KINDS = "statefulset,job,pod,service,configmap,networkpolicy,poddisruptionbudget,serviceaccount,secret,pvc"
OBJECTS = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: bare}
spec: {accessModes: [ReadWriteOnce], storageClassName: managed-standard, resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: bare}
spec:
  serviceName: bare
  selector: {matchLabels: {app: bare}}
  template:
    metadata: {labels: {app: bare}}
    spec:
      securityContext: {runAsUser: 999, fsGroup: 999}
      containers:
        - name: postgres
          image: docker.io/library/postgres:14
          command: [bash, -c, initdb --pgdata=/data/pg && exec postgres -D /data/pg -c unix_socket_directories=/tmp]
          readinessProbe: {exec: {command: [pg_isready, -h, localhost]}, periodSeconds: 1}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: bare}}]
"""


def measure(runs: int, against: Sequence[str]) -> Iterator[tuple[str, dict[str, list[float]], str | None]]:
    """One table; `against` has other charts' folders, each with a values file after a comma where it needs one."""
    cluster = Cluster(paths.KUBECONFIG, NAMESPACE)
    cluster.kubectl("apply", "--filename=-", stdin=f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {NAMESPACE}\n")
    charts = {OURS: (str(paths.CHART), "")} | {_name(one): one.partition(",")[::2] for one in against}
    rows: dict[str, list[float]] = {name: [] for name in (*charts, BARE)}
    try:
        for _run in range(runs):
            for name, (chart, values) in charts.items():
                rows[name].append(_install(cluster, chart, values))
            rows[BARE].append(_bare(cluster))
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    yield "An installation, in turns with others", rows, _name(against[0]) if against else BARE


def _name(against: str) -> str:
    folder = Path(against.partition(",")[0])
    return f"{folder.parts[-3] if len(folder.parts) > 2 else ''} {folder.name}: helm install --wait, no schema".strip()


def _install(cluster: Cluster, chart: str, values: str) -> float:
    begun = time.perf_counter()
    cluster.helm("install", "compared", chart, "--wait", "--timeout=3m", *([f"--values={values}"] if values else []))
    took = time.perf_counter() - begun
    cluster.helm("uninstall", "compared", "--wait")
    cluster.kubectl("delete", KINDS, "--all", "--wait=true")
    return took


def _bare(cluster: Cluster) -> float:
    begun = time.perf_counter()
    cluster.kubectl("apply", "--filename=-", stdin=OBJECTS)
    cluster.kubectl("rollout", "status", "statefulset/bare", "--timeout=120s")
    took = time.perf_counter() - begun
    cluster.kubectl("delete", KINDS, "--all", "--wait=true")
    return took
