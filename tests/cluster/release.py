"""A release of the chart in a namespace of its own, and clients beside it."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from harness import paths
from harness.kubernetes import Cluster, CommandError

Values = Mapping[str, Any]
SMALL: Values = {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}}}  # several databases fit on a small node
IMAGE = "docker.io/library/postgres:14"


@dataclass(frozen=True)
class Release:
    """The release `billdb` in the namespace of `cluster`."""

    cluster: Cluster
    name: str = "billdb"

    def install(self, values: Values | None = None, *arguments: str, timeout: str = "120s", program: str = "helm") -> str:
        """`helm install --wait` with these values over SMALL; returns what helm prints. Raises CommandError."""
        return self._helm("install", values, *arguments, timeout=timeout, program=program)

    def upgrade(self, values: Values | None = None, *arguments: str, timeout: str = "120s", program: str = "helm") -> str:
        """`helm upgrade --wait` with these values over SMALL; returns what helm prints. Raises CommandError."""
        return self._helm("upgrade", values, *arguments, timeout=timeout, program=program)

    def _helm(self, verb: str, values: Values | None, *arguments: str, timeout: str, program: str) -> str:
        chart = [] if any("oci://" in argument for argument in arguments) else [str(paths.CHART)]
        return self.cluster.run(
            program, verb, self.name, *chart, "--wait", f"--timeout={timeout}", "--values=-", *arguments,
            stdin=yaml.safe_dump(merged(SMALL, values or {})), timeout=600,
        )  # fmt: skip

    def remove(self) -> None:
        """Uninstall, and delete what uninstalling keeps."""
        try:
            self.cluster.helm("uninstall", self.name, "--wait")
        except CommandError as error:
            if "not found" not in str(error):
                raise
        self.cluster.kubectl("delete", "pvc,secret,job,pod", "--all", "--wait=true")

    def password(self) -> str:
        """The superuser's password as the Secret has it."""
        secret = self.cluster.get("secret/postgresql-bill-inquiry-secret")
        return b64decode(secret["data"]["postgres-password"]).decode()

    def client(self, name: str, script: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a pod that runs a bash script with libpq's environment set for the service's way in."""
        variables: list[dict[str, Any]] = [
            {"name": "PGHOST", "value": "postgresql-bill-inquiry"},
            {"name": "PGUSER", "value": "postgres"},
            {"name": "PGDATABASE", "value": "bill_inquiry_db"},
            {"name": "PGCONNECT_TIMEOUT", "value": "5"},
            {"name": "PGSSLMODE", "value": "verify-full"},
            {"name": "PGSSLROOTCERT", "value": "/tls/ca.crt"},
            {"name": "PGPASSWORD", "valueFrom": {
                "secretKeyRef": {"name": "postgresql-bill-inquiry-secret", "key": "postgres-password"}}},
        ]  # fmt: skip
        given = environment or {}
        variables = [v for v in variables if v["name"] not in given]
        variables += [{"name": key, "value": value} for key, value in given.items()]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 999,
                    "runAsGroup": 999,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "client",
                        "image": IMAGE,
                        "command": ["bash", "-c", script],
                        "env": variables,
                        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                        "volumeMounts": [{"name": "tls", "mountPath": "/tls"}],
                    }
                ],
                "volumes": [
                    {"name": "tls", "secret": {"secretName": "postgresql-bill-inquiry-tls",
                                               "items": [{"key": "ca.crt", "path": "ca.crt"}], "optional": True}}
                ],
            },
        }  # fmt: skip
        self.cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(pod))

    def ask(self, name: str, script: str, environment: Mapping[str, str] | None = None) -> tuple[bool, str]:
        """Run a client pod to its end; returns whether it succeeded, and its log."""
        self.client(name, script, environment)
        ended = "jsonpath={.status.containerStatuses[0].state.terminated.reason}"
        self.cluster.kubectl("wait", f"pod/{name}", f"--for={ended}", "--timeout=60s")
        log = self.cluster.kubectl("logs", f"pod/{name}")
        [status] = self.cluster.get(f"pod/{name}")["status"]["containerStatuses"]
        self.cluster.kubectl("delete", f"pod/{name}", "--wait=false")
        return status["state"]["terminated"]["exitCode"] == 0, log


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid on `base`, map by map, as helm merges values."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result
