"""When a server's pod reached each of its conditions, as its API tells."""

import json
import subprocess
import threading
import time
from typing import Any

from harness import paths
from harness.kubernetes import Cluster

STAGES = ("volume bound and pod scheduled", "image started, initdb", "server started and ready", "schema Job")


class Moments:
    """Watches the namespace's pods and notes when each stage was first seen, in seconds since it was entered."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.seen: dict[str, float] = {}

    def __enter__(self) -> "Moments":
        self.begun = time.perf_counter()
        command = [str(paths.BIN / "kubectl"), f"--namespace={self.cluster.namespace}", "get", "pods", "--watch", "--output=json"]
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
