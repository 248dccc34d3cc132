"""The local Kubernetes' own addresses, kept from the proxy that HTTPS_PROXY names."""

import os

from harness.local.node import ADDRESS, POD_RANGE, SERVICE_RANGE

OWN = (ADDRESS, POD_RANGE, SERVICE_RANGE, "127.0.0.1", "localhost", ".svc", ".cluster.local")


def exceptions() -> dict[str, str]:
    """NO_PROXY and no_proxy: what the environment has, and the local Kubernetes' addresses."""
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    listed = [entry.strip() for entry in given.split(",") if entry.strip()]
    value = ",".join([*listed, *(address for address in OWN if address not in listed)])
    return {"NO_PROXY": value, "no_proxy": value}
