"""kubectl and helm on one cluster and namespace, and what is asked of the database through them."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import commands, paths, proxy
from harness.commands import CommandError as CommandError  # callers of Cluster find it here
from harness.errors import UserError

POD = "postgresql-bill-inquiry-0"
DATABASE = "bill_inquiry_db"


@dataclass(frozen=True)
class Cluster:
    """A cluster by its kubeconfig, the namespace that commands go to, and which container of which pod is the server there."""

    kubeconfig: Path
    namespace: str
    pod: str = POD
    container: str = "postgresql"

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 300) -> str:
        """Run kubectl in the namespace and return its standard output. Raises CommandError."""
        return self.run("kubectl", *arguments, stdin=stdin, timeout=timeout)

    def helm(self, *arguments: str, timeout: float = 600, program: str = "helm") -> str:
        """Run helm in the namespace and return its standard output. Raises CommandError."""
        return self.run(program, *arguments, timeout=timeout)

    def run(self, program: str, *arguments: str, stdin: str | None = None, timeout: float = 300) -> str:
        """Run a program of .local/bin with --namespace, the cluster's kubeconfig in its environment."""
        command = [str(paths.BIN / program), f"--namespace={self.namespace}", *arguments]
        return commands.run(command, stdin or "", timeout, self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which kubectl and helm of .local/bin are first and know the cluster."""
        own = {"KUBECONFIG": str(self.kubeconfig), "PATH": f"{paths.BIN}:{os.environ['PATH']}"}
        return os.environ | proxy.exceptions() | own

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … -o json`, parsed."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return found

    def sql(self, query: str, database: str = DATABASE, pod: str = "") -> str:
        """The answer to a query asked as superuser on the socket inside the pod: columns by `|`, rows by line."""
        psql = ["psql", "--no-psqlrc", "--no-align", "--tuples-only", "--username=postgres", f"--dbname={database}"]
        answer = self.kubectl("exec", pod or self.pod, f"--container={self.container}", "--", *psql, f"--command={query}")
        return answer.removesuffix("\n")

    def follow(self, pod: str) -> Callable[[], str]:
        """Follow a pod's log from now on, also while the pod is deleted; the returned function waits for its end and gives it."""
        command = [str(paths.BIN / "kubectl"), f"--namespace={self.namespace}", "logs", "--follow", pod]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.environment)
        return lambda: process.communicate(timeout=240)[0]

    def where(self) -> str:
        """The context that the kubeconfig names and its server, in words. Raises UserError where it names none."""
        config = json.loads(self.kubectl("config", "view", "--output=json"))
        contexts = {entry["name"]: entry["context"]["cluster"] for entry in config["contexts"] or ()}
        servers = {entry["name"]: entry["cluster"]["server"] for entry in config["clusters"] or ()}
        current = config["current-context"]
        if contexts.get(current) not in servers:
            known = ", ".join(contexts) or "none"
            raise UserError(f"{self.kubeconfig}: its current-context {current!r} names no cluster; its contexts: {known}")
        return f"context {current}, server {servers[contexts[current]]}"
