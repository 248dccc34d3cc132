"""A release of the chart in a namespace of its own, and clients beside it."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from harness import commands, paths, storage
from harness.kubernetes import Cluster, CommandError
from harness.on_cluster import cloudnativepg, pods

Values = Mapping[str, Any]
AWAY = "its operator does not answer"  # as chart/templates/refusals/_operator.tpl says it
SMALL: Values = {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}}}  # several databases fit on a small node


@dataclass(frozen=True)
class Release:
    """The release `billdb` in the namespace of `cluster`."""

    cluster: Cluster
    name: str = "billdb"
    base: Values = field(default_factory=lambda: SMALL, hash=False)

    def install(self, values: Values | None = None, *arguments: str, timeout: str = "300s", program: str = "helm") -> str:
        """`helm install --wait` with these values over `base`; returns what helm prints. Raises CommandError."""
        return self._helm("install", values, *arguments, timeout=timeout, program=program)

    def upgrade(self, values: Values | None = None, *arguments: str, timeout: str = "300s", program: str = "helm") -> str:
        """`helm upgrade --wait` with these values over `base`; returns what helm prints. Raises CommandError."""
        return self._helm("upgrade", values, *arguments, timeout=timeout, program=program)

    def refused(self, verb: str, values: Values | None = None, *arguments: str) -> list[str]:
        """The lines with which the chart refuses `install` or `upgrade` with these values."""
        told = f"helm {verb} was not refused"
        try:
            self._helm(verb, values, *arguments, timeout="300s", program="helm")
        except CommandError as refusal:
            told = str(refusal)
        lines = [line.removeprefix("- ") for line in told.splitlines() if line.startswith("- ")]
        assert lines, told
        return lines

    def cure(self, refusal: str) -> None:
        """Run the commands that a refusal gives, as they are."""
        given = re.search(r"kubectl .*(?=, then try again)", refusal)
        assert given, refusal
        commands.run(["bash", "-ec", given[0]], timeout=120, environment=self.cluster.environment)

    def _helm(self, verb: str, values: Values | None, *arguments: str, timeout: str, program: str) -> str:
        elsewhere = any("oci://" in argument or argument.endswith(".tgz") for argument in arguments)
        chart = [] if elsewhere else [str(paths.CHART)]
        presets = [f"--values={file}" for file in storage.presets(self.cluster)]
        command = [program, verb, self.name, *chart, "--wait", f"--timeout={timeout}", *presets, "--values=-", *arguments]
        stdin = yaml.safe_dump(merged(self.base, values or {}))
        try:
            return self.cluster.run(*command, stdin=stdin, timeout=600)
        except CommandError as refusal:
            if AWAY not in str(refusal):
                raise
        # Another test ends the operator now and then. Nothing was made.
        cloudnativepg.wait_answering(self.cluster)
        return self.cluster.run(*command, stdin=stdin, timeout=600)

    def remove(self) -> None:
        """Uninstall, and delete what uninstalling keeps."""
        try:
            self.cluster.helm("uninstall", self.name, "--wait")
        except CommandError as error:
            if "not found" not in str(error):
                raise
        self.cluster.kubectl("delete", "pvc,secret,job,pod", "--all", "--wait=true")

    def passwords(self) -> dict[str, str]:
        """Each role's password as the Secret has it."""
        secret = self.cluster.get("secret/postgresql-bill-inquiry-secret")
        decoded = {key: b64decode(value).decode() for key, value in secret["data"].items()}
        return {key.removesuffix("-password").replace("-", "_"): value for key, value in decoded.items()}

    def password(self, role: str = "postgres") -> str:
        """A role's password as the Secret has it."""
        return self.passwords()[role]

    def client(self, name: str, script: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a pod that runs a bash script with libpq's environment set for the superuser's way in."""
        secret = {"name": "postgresql-bill-inquiry-secret", "key": "postgres-password", "optional": True}
        variables: dict[str, Any] = {
            "PGHOST": {"value": "postgresql-bill-inquiry"},
            "PGUSER": {"value": "postgres"},
            "PGDATABASE": {"value": "bill_inquiry_db"},
            "PGCONNECT_TIMEOUT": {"value": "60"},
            "PGSSLMODE": {"value": "verify-full"},
            "PGSSLROOTCERT": {"value": "/tls/ca.crt"},
            "PGPASSWORD": {"valueFrom": {"secretKeyRef": secret}},
        }
        variables |= {name: {"value": value} for name, value in (environment or {}).items()}
        pod = pods.manifest(name, script)
        [container] = pod["spec"]["containers"]
        container["env"] = [{"name": name} | value for name, value in variables.items()]
        container["volumeMounts"] = [{"name": "tls", "mountPath": "/tls"}]
        ca = {"secretName": "postgresql-bill-inquiry-tls", "items": [{"key": "ca.crt", "path": "ca.crt"}], "optional": True}
        pod["spec"]["volumes"] = [{"name": "tls", "secret": ca}]
        self.cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(pod))

    def ask(self, name: str, script: str, environment: Mapping[str, str] | None = None) -> tuple[bool, str]:
        """Run a client pod to its end; returns whether it succeeded, and its log."""
        self.client(name, script, environment)
        ended = "jsonpath={.status.containerStatuses[0].state.terminated.reason}"
        self.cluster.kubectl("wait", f"pod/{name}", f"--for={ended}", "--timeout=240s")
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
