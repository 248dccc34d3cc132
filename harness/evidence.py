"""What a namespace tells after a failure, kept before anything of it is cleaned up."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import paths
from harness.commands import CommandError
from harness.kubernetes import Cluster

KINDS = "pods,statefulsets,jobs,cronjobs,persistentvolumeclaims,services,endpointslices,networkpolicies,serviceaccounts"
SECONDS = 3  # for each question: a cluster that does not answer must not hold up the failure
LAST = 10  # lines of a log, and events, that are shown

State = Mapping[str, Any]


def keep(cluster: Cluster, name: str) -> str:
    """Write events, descriptions and logs of the namespace to .local/logs/failed/NAME; returns where, and the telling lines.

    Raises nothing: what a cluster that does not answer said instead is in the files, and why there are none is in the lines.
    """
    with ThreadPoolExecutor(4) as asking:
        described = asking.submit(_ask, cluster, "describe", KINDS)
        listed = asking.submit(_ask, cluster, "get", "events", "--sort-by=.metadata.creationTimestamp", "--output=wide")
        events = asking.submit(_items, cluster, "events")
        pods = _items(cluster, "pods")
        containers = {
            (pod["metadata"]["name"], status["name"], previous): status
            for pod in pods
            for status in _statuses(pod)
            for previous in ((False, True) if status.get("lastState") else (False,))
        }
        logs = dict(zip(containers, asking.map(lambda key: _log(cluster, *key), containers), strict=True))
    files = {"describe.txt": described.result(), "events.txt": listed.result()} | {
        f"{pod}.{container}{'.previous' if previous else ''}.log": text for (pod, container, previous), text in logs.items()
    }
    ends = [
        line
        for (pod, container, previous), status in containers.items()
        if _failed(status["lastState"] if previous else status["state"])
        for line in _end(f"{pod}/{container}{' (previous)' if previous else ''}", logs[pod, container, previous])
    ]
    telling = [*(reason for pod in pods for reason in _why(pod)), *ends, *_warnings(events.result())]
    return "\n".join([f"namespace {cluster.namespace}; {_write(name, files)}:", *(f"  {line}" for line in telling)])


def _write(name: str, files: Mapping[str, str]) -> str:
    folder = paths.LOCAL / "logs" / "failed" / re.sub(r"[^\w.-]+", "_", name)[:240]
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text)
    except OSError as error:  # as on a full disk
        return f"it cannot be kept ({error})"
    return f"all of it is in {folder}"


def _ask(cluster: Cluster, *arguments: str) -> str:
    try:
        return cluster.kubectl(*arguments, f"--request-timeout={SECONDS}s", timeout=2 * SECONDS)
    except CommandError as error:
        return str(error)


def _items(cluster: Cluster, kind: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(_ask(cluster, "get", kind, "--output=json"))["items"]
    except ValueError:  # an error's words
        return []
    return found


def _log(cluster: Cluster, pod: str, container: str, previous: bool) -> str:
    return _ask(cluster, "logs", pod, f"--container={container}", *(["--previous"] if previous else []))


def _statuses(pod: State) -> list[State]:
    status = pod["status"]
    return [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]


def _why(pod: State) -> list[str]:
    conditions = {condition["type"]: condition["status"] for condition in pod["status"].get("conditions", ())}
    if conditions.get("Ready") == "True" or pod["status"].get("phase") == "Succeeded":
        return []
    return list(_reasons(pod)) or [f"{pod['metadata']['name']}: not ready, and no container says why"]


def _reasons(pod: State) -> Iterator[str]:
    """Why the pod is not ready: what it waits for, how a container ended, or that no node takes it."""
    name = pod["metadata"]["name"]
    for condition in pod["status"].get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            yield f"{name}: {condition.get('reason')}: {condition.get('message')}"
    for status in _statuses(pod):
        for kind, state in status["state"].items():
            if (kind == "waiting" and state.get("reason") != "PodInitializing") or _failed(status["state"]):
                words = (
                    state.get("reason"),
                    f"exit code {state['exitCode']}" if "exitCode" in state else "",
                    state.get("message"),
                )
                yield f"{name}/{status['name']}: {kind}: {', '.join(word for word in words if word)}"
            elif kind == "running" and not status["ready"]:
                yield f"{name}/{status['name']}: running, not ready, restarted {status['restartCount']} times"


def _failed(state: State) -> bool:
    return bool(state.get("terminated", {}).get("exitCode"))


def _end(title: str, log: str) -> list[str]:
    return [f"{title}, the end of its log:", *(f"  {line}" for line in log.splitlines()[-LAST:])]


def _warnings(events: Sequence[State]) -> list[str]:
    """The last warnings, each once."""
    lines = {
        f"event: {event['involvedObject']['kind']}/{event['involvedObject']['name']}: {event['reason']}: {event['message']}": None
        for event in sorted(events, key=lambda event: event["metadata"]["creationTimestamp"])
        if event["type"] == "Warning"
    }
    return list(lines)[-LAST:]
