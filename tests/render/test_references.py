"""Whatever an object names is there: in the render, or brought along."""

import re
from collections.abc import Iterator
from typing import Any

from harness.chart import Manifests, Object
from tests.render.reading import config, containers, environment, plain, server

# What the variants say that the user, an operator or a CSI driver makes.
# The claim bill-inquiry-snapshot-copy is made by each drill.
BROUGHT = {
    "my-password", "my-certificate", "my-claim", "backup", "my-store", "my-repository", "my-backups", "my-metrics",
    "mirror.example.com",
    "bill-inquiry-snapshot-copy",
    *(f"{n}-secret" for n in range(6)),
}  # fmt: skip
PATH = re.compile(r"(?<![\w.:/])/[\w./-]+")  # not Asia/Seoul, not billdb/test
OF_THE_IMAGE = re.compile(r"/(bin|dev|root)(/|$)|/usr/bin/restic$")
MAYBE = "/store"  # mounted where a Secret is given; the scripts look for it


def data_of(manifests: Manifests, kind: str, name: str) -> set[str] | None:
    """The keys of a ConfigMap or Secret; None where somebody else makes it."""
    if kind == "Secret":
        if name in BROUGHT:
            return None
        if name in {o["spec"]["secretName"] for o in manifests.of("Certificate")}:
            return {"tls.crt", "tls.key", "ca.crt"}
    return set(manifests[kind, name].get("data") or ())


def files(manifests: Manifests, volume: Object) -> set[str] | None:
    """The files of a volume; None where they come to be in it. Fails where it names what there is not."""
    if "configMap" in volume:
        return data_of(manifests, "ConfigMap", volume["configMap"]["name"])
    if "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"]["claimName"]
        assert claim in BROUGHT or manifests["PersistentVolumeClaim", claim]
    sources = [source["secret"] for source in volume.get("projected", {}).get("sources") or () if "secret" in source]
    sources += [volume["secret"] | {"name": volume["secret"]["secretName"]}] if "secret" in volume else []
    found: set[str] = set()
    for source in sources:
        keys = data_of(manifests, "Secret", source["name"])
        items = {item["key"]: item["path"] for item in source.get("items", ())}
        assert keys is None or set(items) <= keys, f"{volume['name']}: {source['name']} has {keys}"
        found |= set(items.values()) or keys or {"tls.crt", "tls.key", "ca.crt"}
    return found if sources else None


def mounted(manifests: Manifests, pod: Object, container: Object) -> dict[str, set[str] | None]:
    """The files below each mount of a container."""
    volumes = {volume["name"]: files(manifests, volume) for volume in pod["spec"]["volumes"]}
    for mount in container["volumeMounts"]:
        assert "subPath" not in mount or mount["subPath"] in (volumes[mount["name"]] or ()), mount
    return {mount["mountPath"]: {""} if "subPath" in mount else volumes[mount["name"]] for mount in container["volumeMounts"]}


def named_paths(manifests: Manifests, container: Object) -> Iterator[str]:
    """Every absolute path of a container's command, variables and probes; the server's have those of its configuration too."""
    texts = [*container["command"], *(str(value) for value in environment(container).values() if isinstance(value, str))]
    if container["name"] in ("postgresql", "prepare-volume"):
        texts += [*config(manifests, "server.options"), *config(manifests, "postgresql.conf")]
    for text in texts:
        yield from (
            path for path in PATH.findall(text.partition("=")[2] or text) if not OF_THE_IMAGE.match(path) and path != MAYBE
        )


def found_in(mounts: dict[str, Any], path: str) -> bool:
    for mount, below in mounts.items():
        if path == mount or (path.startswith(f"{mount}/") and (below is None or path.removeprefix(f"{mount}/") in below)):
            return True
    return False


def test_every_path_that_a_container_names_is_mounted(manifests: Manifests) -> None:
    looked_at = 0
    missing = []
    for name, container in containers(manifests).items():
        mounts = mounted(manifests, manifests.pods()[name.rpartition("/")[0]], container)
        for path in named_paths(manifests, container):
            looked_at += 1
            missing += [] if found_in(mounts, path) else [f"{name}: {path}"]
    assert looked_at > 25
    assert missing == []


def test_every_account_secret_and_config_map_that_a_pod_names_is_there(manifests: Manifests) -> None:
    for name, pod in manifests.pods().items():
        assert manifests["ServiceAccount", pod["spec"]["serviceAccountName"]], name
        assert {secret["name"] for secret in pod["spec"].get("imagePullSecrets", ())} <= BROUGHT, name
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
            for variable in container.get("env", ()):
                if "valueFrom" in variable:
                    reference = variable["valueFrom"]["configMapKeyRef"]
                    assert reference["key"] in manifests["ConfigMap", reference["name"]]["data"], name


def test_every_issuer_that_a_certificate_names_is_there_but_the_companys(manifests: Manifests) -> None:
    issuers = {o["metadata"]["name"] for o in manifests.of("Issuer")} | {"company"}
    assert {o["spec"]["issuerRef"]["name"] for o in manifests.of("Certificate")} <= issuers
    secrets = {o["spec"]["secretName"] for o in manifests.of("Certificate")}
    assert {o["spec"]["ca"]["secretName"] for o in manifests.of("Issuer") if "ca" in o["spec"]} <= secrets


def test_the_pods_of_the_chart_connect_to_its_service_and_a_name_of_its_certificate(statefulset: Manifests) -> None:
    clients = {name: environment(c) for name, c in containers(statefulset).items() if "PGSSLMODE" in environment(c)}
    [(host, port)] = {(variables["PGHOST"], variables["PGPORT"]) for variables in clients.values()}
    service, namespace, _ = host.split(".", 2)
    assert [str(p["port"]) for p in statefulset["Service", service]["spec"]["ports"]] == [port]
    assert namespace == statefulset["Service", service]["metadata"]["namespace"]
    named = {
        o["metadata"]["name"]: o["metadata"].get("annotations", {}).get("billdb/names", "") for o in statefulset.of("Secret")
    }
    named |= {o["spec"]["secretName"]: ",".join(o["spec"].get("dnsNames", ())) for o in statefulset.of("Certificate")}
    for secret, names in named.items():
        called = secret.removesuffix("-tls") if secret.endswith("-metrics-tls") else service
        assert not names or f"{called}.{host.partition('.')[2]}" in names.split(","), secret


def test_the_default_container_of_the_servers_pod_is_one_of_its_containers(statefulset: Manifests) -> None:
    pod = plain(server(statefulset))
    default = pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"]
    assert default in [container["name"] for container in pod["spec"]["containers"]]
