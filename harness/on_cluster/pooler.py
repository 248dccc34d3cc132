"""A release whose clients come in by PgBouncer, asked from this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg

from harness import image
from harness.local import node, pgbouncer
from harness.local.cluster import load
from harness.on_cluster.forwarded import forwarded
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret

POOLER = f"{NAME}-pooler"


@dataclass(frozen=True)
class Pool:
    """The release, whose pooler is asked at a port of this machine, and the file of the CA."""

    release: Release
    ca: Path

    @classmethod
    def install(cls, release: Release, values: Mapping[str, Any], folder: Path) -> Self:
        """Install the release with these values, which ask for a pooler, and wait until its pods run."""
        load(node.first(), pgbouncer.image(image.pooler()))
        release.install(values)
        Instances(release).wait_healthy()
        release.cluster.kubectl("wait", f"deployment/{POOLER}", "--for=create", "--timeout=240s")
        release.cluster.kubectl("rollout", "status", f"deployment/{POOLER}", "--timeout=240s")
        ca = folder / "ca.crt"
        ca.write_text(secret(release, f"{NAME}-tls")["ca.crt"])
        return cls(release, ca)

    @contextmanager
    def client(self, user: str = "bill_inquiry_user", **options: Any) -> Iterator[psycopg.Connection]:
        """A client that looks closely whom it talks to, by a way of its own: kubectl's may end with the connection."""
        with forwarded(self.release.cluster, f"deployment/{POOLER}", 5432) as port:
            login: dict[str, Any] = {"user": user, "dbname": "bill_inquiry_db", "connect_timeout": 20}
            login |= {"host": "localhost", "hostaddr": "127.0.0.1", "port": port}
            login |= {"sslmode": "verify-full", "sslrootcert": str(self.ca)}
            login |= options if "password" in options else options | {"password": self.release.password(user)}
            with psycopg.connect(**login) as client:
                yield client
