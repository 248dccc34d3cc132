"""How the tests read what is rendered."""

from collections.abc import Mapping
from typing import Any, cast

from harness.chart import Manifests, Object
from tests.render.conftest import EVERYTHING_ON

SERVER = "postgresql-bill-inquiry"
OF_SNAPSHOTS = {"snapshot", "snapshot-copy"}  # components whose pods have policies of their own
OF_BACKUPS = {"backup", "restore", "drill"}  # components whose pods reach the store of the backups too
EXTRA = {container["name"] for container in EVERYTHING_ON["extraContainers"]}


def plain(value: Any) -> Any:
    """A frozen part of a render as the plain lists and dicts that a values file gives."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def server(manifests: Manifests) -> Object:
    """The server's pod: its metadata and spec."""
    return cast(Object, stateful_set(manifests)["spec"]["template"])


def stateful_set(manifests: Manifests) -> Object:
    """The server's StatefulSet, whatever it is called."""
    [found] = [o for o in manifests.of("StatefulSet") if o["metadata"]["labels"]["app.kubernetes.io/component"] == "server"]
    return found


def of_component(manifests: Manifests, kind: str, component: str) -> list[Object]:
    """Every object of a kind that belongs to a component: `server`, `schema`, `backup` …"""
    return [o for o in manifests.of(kind) if o["metadata"]["labels"]["app.kubernetes.io/component"] == component]


def schema_job(manifests: Manifests) -> Object:
    """The Job that brings the schema."""
    [job] = of_component(manifests, "Job", "schema")
    return job


def containers(manifests: Manifests) -> dict[str, Object]:
    """The chart's own containers by Kind/name/container, without those that the values add."""
    return {
        f"{pod}/{container['name']}": container
        for pod, template in manifests.pods().items()
        for container in (*template["spec"].get("initContainers", ()), *template["spec"]["containers"])
        if container["name"] not in EXTRA
    }


def container(manifests: Manifests, name: str) -> Object:
    """The one container of this name."""
    [found] = [container for key, container in containers(manifests).items() if key.endswith(f"/{name}")]
    return found


def environment(container: Object) -> dict[str, Any]:
    """The values of a container's variables; a reference for those that have one."""
    return {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in container.get("env", ())}


def config(manifests: Manifests, file: str) -> list[str]:
    """The lines of a file of the server's ConfigMap, without comments."""
    [data] = [o["data"] for o in manifests.of("ConfigMap") if file in o["data"]]
    return [line for line in data[file].splitlines() if line and not line.startswith("#")]


def options(manifests: Manifests) -> dict[str, str]:
    """What the server's command line decides."""
    return dict(line.removeprefix("--").split("=", 1) for line in config(manifests, "server.options"))
