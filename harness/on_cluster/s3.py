"""An S3 store for backups on the local Kubernetes' node: versitygw, over TLS with a CA of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from harness import paths
from harness.kubernetes import Cluster
from harness.local import node
from harness.local.certificates import Authority
from harness.on_cluster import stores
from harness.on_cluster.stores import Program

SERVICE = "s3"
SECRET = "s3-keys"
BUCKET = "backups"


@dataclass
class S3(Program):
    """A running versitygw with an empty bucket, whose keys and CA are in the namespace's Secret SECRET."""

    @property
    def endpoint(self) -> str:
        """Its address, as pods reach it."""
        return f"https://{self.host}:{self.port}"

    @property
    def bucket(self) -> Path:
        """The folder with the bucket's objects as files: what a test breaks there, the store gives out broken."""
        return self.folder / "data" / BUCKET

    @property
    def values(self) -> dict[str, Any]:
        """The chart's values that put the backups there."""
        repository = {"type": "s3", "s3": {"endpoint": self.endpoint, "bucket": BUCKET}, "existingSecret": SECRET}
        return {"backup": {"repository": repository}}

    @property
    def archive(self) -> dict[str, Any]:
        """The chart's values `cloudnativepg.archive` that put the archive there."""
        place = {"endpoint": self.endpoint, "bucket": BUCKET}
        return {"enabled": True, "s3": place, "existingSecret": SECRET, "caSecret": SECRET}

    @property
    def keys(self) -> dict[str, str]:
        """What the Secret has: the keys by the names that restic and Barman read, and the CA."""
        access, key = self.environment["ROOT_ACCESS_KEY"], self.environment["ROOT_SECRET_KEY"]
        return {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": key, "ca.crt": self.ca}

    @property
    def given(self) -> dict[str, str]:
        """What a person fills in where the documents have these words."""
        keys = self.keys
        return {
            "KEY": keys["AWS_ACCESS_KEY_ID"],
            "SECRET": keys["AWS_SECRET_ACCESS_KEY"],
            "ENDPOINT": self.endpoint,
            "BUCKET": BUCKET,
        }


@contextmanager
def running(cluster: Cluster, folder: Path) -> Iterator[S3]:
    """Serve an empty bucket to the pods of the cluster until the block ends; `folder` is the store's own."""
    host = f"{SERVICE}.{cluster.namespace}.svc.cluster.local"
    port = stores.free_port()
    Authority(folder / "tls").sign("store", host, addresses=(host, node.ADDRESS))
    for place in (f"data/{BUCKET}", "attributes"):
        (folder / place).mkdir(parents=True)
    access, key = f"billdb{token_hex(6)}", token_hex(20)
    tls = [f"--cert={folder}/tls/store.crt", f"--key={folder}/tls/store.key"]
    # Attributes of objects in files of their own, for not every file system has attributes.
    command = [str(paths.BIN / "versitygw"), f"--port={node.ADDRESS}:{port}", *tls, "posix", f"--sidecar={folder}/attributes"]
    environment = {"PATH": os.environ["PATH"], "ROOT_ACCESS_KEY": access, "ROOT_SECRET_KEY": key}
    store = S3(host, port, folder, [*command, str(folder / "data")], environment)
    stores.secret(cluster, SECRET, store.keys)
    with stores.named(cluster, SERVICE, host, port):
        try:
            store.start()
            yield store
        finally:
            store.stop()
