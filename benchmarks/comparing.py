"""helm install --wait to a created schema, in turns with other charts, which create none, and a bare StatefulSet."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import tables, turns
from benchmarks.namespace import empty, namespace
from benchmarks.results import Section
from harness import paths
from harness.kubernetes import Cluster

OURS, BARE = (
    "billdb: helm install --wait, to a created schema",
    "a bare StatefulSet: initdb, server, probe every second; no schema",
)
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


def measure(number: int, against: Sequence[str]) -> Section:
    """One table; `against` has other charts' folders, each with a values file after a comma where it needs one."""
    charts = {OURS: (str(paths.CHART), "")} | {_name(one): one.partition(",")[::2] for one in against}
    names = [*charts, BARE]
    rows: dict[str, list[float]] = {name: [] for name in names}
    with namespace("billdb-compare") as cluster:
        _install(cluster, *charts[OURS])  # to warm up
        for turn in range(number):
            for name in turns.order(names, turn):
                rows[name].append(_bare(cluster) if name == BARE else _install(cluster, *charts[name]))
    text = tables.of_seconds("Installations", rows, _name(against[0]) if against else BARE)
    return Section(text, "the images that each chart names")


def _name(against: str) -> str:
    folder = Path(against.partition(",")[0])
    return f"{folder.parts[-3] if len(folder.parts) > 2 else ''} {folder.name}: helm install --wait, no schema".strip()


def _install(cluster: Cluster, chart: str, values: str) -> float:
    given = [f"--values={values}"] if values else []
    took = turns.seconds(lambda: cluster.helm("install", "compared", chart, "--wait", "--timeout=3m", *given))
    cluster.helm("uninstall", "compared", "--wait")
    empty(cluster)
    return took


def _bare(cluster: Cluster) -> float:
    took = turns.seconds(lambda: _apply(cluster))
    empty(cluster)
    return took


def _apply(cluster: Cluster) -> None:
    cluster.kubectl("apply", "--filename=-", stdin=OBJECTS)
    cluster.kubectl("rollout", "status", "statefulset/bare", "--timeout=120s")
