"""helm install --wait until the schema is there, beside the plan's procedure with kubectl; and an upgrade without a change."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

from harness import paths
from harness.kubernetes import Cluster

NAMESPACE = "billdb-bench"
STAGES = ("volume bound and pod scheduled", "image started, initdb", "server started and ready", "schema Job")


def measure(runs: int, _: bool) -> Iterator[tuple[str, dict[str, list[float]], str | None]]:
    """Tables: installation beside the plan's steps; the stages of an installation; an upgrade that changes nothing."""
    cluster = Cluster(paths.KUBECONFIG, NAMESPACE)
    cluster.kubectl("apply", "--filename=-", stdin=f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {NAMESPACE}\n")
    install: dict[str, list[float]] = {"the plan's steps with kubectl, of the same objects": [], "helm install --wait": []}
    stages: dict[str, list[float]] = {stage: [] for stage in STAGES}
    upgrade: dict[str, list[float]] = {"helm upgrade --wait, nothing changed": []}
    objects = cluster.helm("template", "billdb", str(paths.CHART), "--dry-run=server")
    try:
        for _run in range(runs):
            with _Moments(cluster) as moments:
                install["helm install --wait"].append(
                    _seconds(lambda: cluster.helm("install", "billdb", str(paths.CHART), "--wait"))
                )
            for stage, seconds in moments.stages().items():
                stages[stage].append(seconds)
            upgrade["helm upgrade --wait, nothing changed"].append(
                _seconds(lambda: cluster.helm("upgrade", "billdb", str(paths.CHART), "--wait"))
            )
            cluster.helm("uninstall", "billdb", "--wait")
            _clean(cluster)
            install["the plan's steps with kubectl, of the same objects"].append(_seconds(lambda: _by_hand(cluster, objects)))
            _clean(cluster)
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    yield "An installation, to a created schema", install, "the plan's steps with kubectl, of the same objects"
    yield "Where an installation's time goes", stages, None
    yield "An upgrade that changes nothing", upgrade, None


def _by_hand(cluster: Cluster, objects: str) -> None:
    """Section 7.2 of the plan: configuration, volume, server, Service, each looked at, then the Job and its log."""
    documents = [document for document in objects.split("\n---") if "helm.sh/hook: test" not in document]
    job = [document for document in documents if "\nkind: Job\n" in document]
    rest = [document for document in documents if document not in job]
    cluster.kubectl("apply", "--filename=-", stdin="\n---".join(rest))
    cluster.kubectl("rollout", "status", "statefulset/postgresql-bill-inquiry", "--timeout=120s")
    cluster.kubectl("apply", "--filename=-", stdin="\n---".join(job))
    cluster.kubectl("wait", "job/bill-inquiry-db-init", "--for=condition=Complete", "--timeout=120s")


def _clean(cluster: Cluster) -> None:
    kinds = "statefulset,job,pod,service,configmap,networkpolicy,poddisruptionbudget,serviceaccount,secret,pvc"
    cluster.kubectl("delete", kinds, "--all", "--wait=true")


def _seconds(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class _Moments:
    """Watches the namespace's pods and notes when each stage was first seen, in seconds since it was entered."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.seen: dict[str, float] = {}

    def __enter__(self) -> "_Moments":
        self.begun = time.perf_counter()
        command = [str(paths.BIN / "kubectl"), f"--namespace={NAMESPACE}", "get", "pods", "--watch", "--output=json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.cluster.environment)
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seen["done"] = time.perf_counter() - self.begun
        self.process.kill()
        self.thread.join()

    def _watch(self) -> None:
        decoder, text = json.JSONDecoder(), ""
        assert self.process.stdout
        for line in self.process.stdout:
            text += line
            if line.startswith("}"):
                pod, end = decoder.raw_decode(text)
                text = text[end:].lstrip()
                self._note(pod)

    def _note(self, pod: dict[str, Any]) -> None:
        if not pod["metadata"]["name"].startswith("postgresql"):
            return
        true = {c["type"] for c in pod["status"].get("conditions", ()) if c["status"] == "True"}
        for condition in ("PodScheduled", "Initialized", "Ready"):
            if condition in true:
                self.seen.setdefault(condition, time.perf_counter() - self.begun)

    def stages(self) -> dict[str, float]:
        """Seconds of each stage."""
        moments = [0.0, *(self.seen[name] for name in ("PodScheduled", "Initialized", "Ready", "done"))]
        return {stage: moments[i + 1] - moments[i] for i, stage in enumerate(STAGES)}
