"""The servers that are measured: releases of the chart with either engine, and CloudNativePG's own sample Cluster."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from benchmarks.namespace import namespace
from harness import paths
from harness.kubernetes import POD, Cluster
from harness.local import gobuild, gotoolchain, images, node, programs
from harness.local.cluster import load
from harness.on_cluster import cloudnativepg
from harness.on_cluster.cloudnativepg import MAJOR, UPSTREAM
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release, merged

IMAGE = images.POSTGRES_IMAGE.format(tag=MAJOR)
# The chart's own settings: only what its servers set aside is less, so that several releases fit on the node.
VALUES: Mapping[str, Any] = {
    "engine": "cloudnativepg",
    "image": {"tag": MAJOR},
    "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
    "backup": {"enabled": False},
    "retention": {"enabled": False},
}
STATEFULSET = merged(VALUES, {"engine": "statefulset"})
LONGEST = 900  # seconds until every server is there
SAMPLE = "docs/src/samples/cluster-example.yaml"
# As its `cluster-example`, but for the name, the image and the local StorageClass; database and role are those that the writers
# ask for.
OF_SAMPLE: Mapping[str, Any] = {
    "metadata": {"name": NAME},
    "spec": {
        "imageName": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "postgresUID": 999,
        "postgresGID": 999,
        "storage": {"storageClass": "managed-standard"},
        "bootstrap": {"initdb": {"database": "bill_inquiry_db", "owner": "bill_inquiry_user"}},
    },
}


@contextmanager
def operator() -> Iterator[Cluster]:
    """Have CloudNativePG's operator, and the image of servers that can stand in for one another; gives the cluster."""
    load(node.first(), images.archives((MAJOR,)))
    cluster = Cluster(paths.KUBECONFIG, "default")
    with cloudnativepg.running(cluster):
        yield cluster


@contextmanager
def release(name: str) -> Iterator[Release]:
    """A release that is not installed yet, in a namespace that goes with the block."""
    with namespace(name) as cluster:
        try:
            yield Release(cluster)
        finally:
            # With its pods, half of whose time to end the namespace would wait for otherwise: of the sample's 15 minutes.
            cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found", "--cascade=foreground")


@contextmanager
def chart(name: str, values: Mapping[str, Any] = VALUES) -> Iterator[Instances]:
    """A release with CloudNativePG, all of whose servers are there."""
    with release(name) as made:
        made.install(values)
        instances = Instances(made)
        instances.wait_healthy(LONGEST)
        yield instances


@contextmanager
def sample(name: str, spec: Mapping[str, Any] | None = None) -> Iterator[Instances]:
    """CloudNativePG's sample Cluster with these fields of its specification, all of whose servers are there."""
    with release(name) as made:
        apply_sample(made.cluster, spec)
        instances = Instances(made)
        instances.wait_healthy(LONGEST)
        yield instances


def apply_sample(cluster: Cluster, spec: Mapping[str, Any] | None = None) -> None:
    """Make the sample Cluster in the namespace."""
    source = gobuild.source(gotoolchain.find() or gotoolchain.install(), programs.TOOLS / "cloudnative-pg", UPSTREAM)
    made = like_sample(yaml.safe_load((source / SAMPLE).read_text()), spec or {})
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(made))


def like_sample(sample: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The sample Cluster as it is measured, with these fields of its specification."""
    return merged(merged(sample, OF_SAMPLE), {"spec": spec})


def psql(of: Release, script: str, **variables: object) -> str:
    """What a script of psql prints that runs as superuser in the pod of the server that takes writes. Raises CommandError."""
    statefulset = of.cluster.kubectl("get", f"pod/{POD}", "--ignore-not-found", "--output=name")
    pod, container = (POD, "postgresql") if statefulset else (Instances(of).primary(), "postgres")
    command = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--username=postgres"]
    command += ["--dbname=bill_inquiry_db", *(f"--set={name}={value}" for name, value in variables.items()), "--file=-"]
    return of.cluster.kubectl("exec", "--stdin", pod, f"--container={container}", "--", *command, stdin=script, timeout=1800)
