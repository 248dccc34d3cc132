"""A cluster that is only looked at: answers helm's `lookup` with given objects, as a Kubernetes API server would."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness import supported

# Kinds that the chart has or looks for: apiVersion, kind, plural, and whether they are in a namespace.
KINDS = (
    ("v1", "ConfigMap", "configmaps", True),
    ("v1", "Namespace", "namespaces", False),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", True),
    ("v1", "Pod", "pods", True),
    ("v1", "Secret", "secrets", True),
    ("v1", "Service", "services", True),
    ("v1", "ServiceAccount", "serviceaccounts", True),
    ("apps/v1", "Deployment", "deployments", True),
    ("apps/v1", "StatefulSet", "statefulsets", True),
    ("batch/v1", "CronJob", "cronjobs", True),
    ("batch/v1", "Job", "jobs", True),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", True),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", True),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", True),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", True),
    ("storage.k8s.io/v1", "CSIDriver", "csidrivers", False),
    ("storage.k8s.io/v1", "StorageClass", "storageclasses", False),
)
SNAPSHOTS = (
    ("snapshot.storage.k8s.io/v1", "VolumeSnapshot", "volumesnapshots", True),
    ("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "volumesnapshotclasses", False),
)
MONITORS = (("ServiceMonitor", "servicemonitors"), ("PodMonitor", "podmonitors"))
MONITORING = tuple(
    ("monitoring.coreos.com/v1", kind, plural, True) for kind, plural in (*MONITORS, ("PrometheusRule", "prometheusrules"))
)
AZURE_MONITOR = tuple(("azmonitoring.coreos.com/v1", kind, plural, True) for kind, plural in MONITORS)
CERT_MANAGER = tuple(("cert-manager.io/v1", kind, f"{kind.lower()}s", True) for kind in ("Certificate", "Issuer"))
CLOUDNATIVEPG = (
    ("postgresql.cnpg.io/v1", "Cluster", "clusters", True),
    ("postgresql.cnpg.io/v1", "ScheduledBackup", "scheduledbackups", True),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", False),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", True),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False),
)
NOT_FOUND = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
Object = Mapping[str, Any]
Kind = tuple[str, str, str, bool]


@contextmanager
def serving(objects: Iterable[Object], kinds: Iterable[Kind] = KINDS, namespace: str = "phonebill-dev") -> Iterator[Path]:
    """A kubeconfig of a cluster that has these objects, in this namespace unless they name one, and knows these kinds."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(_answers(objects, tuple(kinds), namespace))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with TemporaryDirectory() as folder:
            kubeconfig = Path(folder) / "kubeconfig"
            context = {"clusters": [{"name": "stub", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}]}
            context |= {"contexts": [{"name": "stub", "context": {"cluster": "stub", "user": ""}}]}
            kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "stub"} | context))
            try:
                yield kubeconfig
            finally:
                server.shutdown()


def _answers(objects: Iterable[Object], kinds: tuple[Kind, ...], namespace: str) -> dict[str, Object]:
    """Every path that is answered, with its body."""
    major, minor = supported.local().split(".")
    found: dict[str, Object] = {
        "/version": {"major": major, "minor": minor, "gitVersion": f"v{major}.{minor}.0"},
        "/api": {"versions": ["v1"]},
    }
    versions = {version for version, *_ in kinds if "/" in version}
    found["/apis"] = {
        "kind": "APIGroupList",
        "groups": [
            {"name": version.partition("/")[0], "versions": [{"groupVersion": version, "version": version.partition("/")[2]}]}
            for version in sorted(versions)
        ],
    }
    given = list(objects)
    for version, kind, plural, namespaced in kinds:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resources = found.setdefault(root, {"kind": "APIResourceList", "groupVersion": version, "resources": []})
        resource = {"name": plural, "kind": kind, "namespaced": namespaced, "singularName": "", "verbs": ["get", "list"]}
        resources["resources"].append(resource)
        place = f"{root}/namespaces/{{}}/{plural}" if namespaced else f"{root}/{plural}"
        items: dict[str, list[Object]] = {place.format(namespace): []}
        for o in given:
            if o["kind"] == kind:
                there = place.format(o["metadata"].get("namespace", namespace))
                items.setdefault(there, []).append({"apiVersion": version} | dict(o))
                found[f"{there}/{o['metadata']['name']}"] = items[there][-1]
        found |= {there: {"apiVersion": version, "kind": f"{kind}List", "items": all_} for there, all_ in items.items()}
    return found


def _handler(answers: Mapping[str, Object]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path.partition("?")[0])
            status = 200 if answer else 404
            body = json.dumps(
                answer or {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: what helm asks is no news."""

    return Handler
