"""Azure Blob Storage for backups, played by azurite on the node of the local Kubernetes: over TLS, the account in the host."""

import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any

from harness.kubernetes import Cluster
from harness.local import azurite, node
from harness.local.certificates import Authority
from harness.on_cluster import stores
from harness.on_cluster.stores import Program

ACCOUNT = "billdb"
CONTAINER = "backups"
SECRET = "azure-keys"
PORT = 443  # Azure's, which restic takes; so one at a time


@dataclass
class Azure(Program):
    """A running azurite with an empty container, whose account's key and CA are in the namespace's Secret SECRET."""

    @property
    def endpoint_suffix(self) -> str:
        """What follows ACCOUNT.blob in its name."""
        return self.host.removeprefix(f"{ACCOUNT}.blob.")

    @property
    def values(self) -> dict[str, Any]:
        """The chart's values that put the backups there."""
        return {"backup": {"repository": {"type": "azure", "azure": self._place, "existingSecret": SECRET}}}

    @property
    def archive(self) -> dict[str, Any]:
        """cloudnativepg.archive with the archive there."""
        return {"enabled": True, "type": "azure", "azure": self._place, "existingSecret": SECRET, "caSecret": SECRET}

    @property
    def _place(self) -> dict[str, str]:
        return {"account": ACCOUNT, "container": CONTAINER, "endpointSuffix": self.endpoint_suffix}


@contextmanager
def running(cluster: Cluster, folder: Path) -> Iterator[Azure]:
    """Serve an account to the pods of the cluster until the block ends; `folder` is the store's own."""
    host = f"{ACCOUNT}.blob.{cluster.namespace}.svc.cluster.local"
    Authority(folder / "tls").sign("store", host, addresses=(host, node.ADDRESS))
    key = b64encode(token_bytes(64)).decode()
    tls = [f"--cert={folder}/tls/store.crt", f"--key={folder}/tls/store.key"]
    # restic's version of the API may be newer than azurite's list.
    options = [f"--blobHost={node.ADDRESS}", f"--blobPort={PORT}", f"--location={folder}/data", "--skipApiVersionCheck"]
    environment = {"PATH": os.environ["PATH"], "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}
    store = Azure(host, PORT, folder, [*azurite.command(), *options, "--disableTelemetry", *tls], environment)
    string = f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={key};BlobEndpoint=https://{host}"
    keys = {"AZURE_ACCOUNT_KEY": key, "AZURE_STORAGE_CONNECTION_STRING": string, "ca.crt": store.ca}
    stores.secret(cluster, SECRET, keys)
    with stores.named(cluster, "blob", host, PORT):
        try:
            store.start()
            _make_container(store, key)
            yield store
        finally:
            store.stop()


def _make_container(store: Azure, key: str) -> None:
    """Make CONTAINER, as somebody does before backups go there; signed as the service's documentation of Shared Key says."""
    headers = {"x-ms-date": f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S GMT}", "x-ms-version": "2021-12-02"}
    lines = [
        "PUT",
        *[""] * 11,
        *(f"{name}:{value}" for name, value in headers.items()),
        f"/{ACCOUNT}/{CONTAINER}",
        "restype:container",
    ]
    signature = b64encode(hmac.digest(b64decode(key), "\n".join(lines).encode(), "sha256")).decode()
    headers |= {"Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": "0"}
    options = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    done = store.request(f"/{CONTAINER}?restype=container", "--request", "PUT", "--fail-with-body", *options)
    assert done.returncode == 0, done.stdout + done.stderr
