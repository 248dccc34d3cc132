"""Passwords and certificates that change while clients write: their next sessions are let in, and need the new ones."""

import json
import random
import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta

from cryptography import x509

from harness.on_cluster import cloudnativepg
from harness.on_cluster.certificates import signed
from harness.on_cluster.instances import Instances
from harness.on_cluster.release import merged
from harness.on_cluster.serving import secret, wait_until_served
from harness.on_cluster.writers import team

ROLE = "bill_inquiry_user"
SERVER_TLS, SERVER_CA = "postgresql-bill-inquiry-tls", "postgresql-bill-inquiry-ca"
LOG_IN_ANEW = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{ROLE}'"


def password_rotated(instances: Instances, _: random.Random) -> None:
    """An upgrade gives the writers' role another password, and every session of it has to log in anew."""
    password = secrets.token_urlsafe()
    release = instances.release
    release.upgrade(merged(cloudnativepg.SMALL, {"auth": {"roles": {ROLE: {"password": password}}}}))
    for writer in team(release.cluster):
        writer.use_password(password)
    assert int(instances.sql(LOG_IN_ANEW)) > 0, f"{ROLE} had no session"


def certificate_renewed(instances: Instances, _: random.Random) -> None:
    """The server's certificate is another one of the same CA, and every session has to verify it."""
    release = instances.release
    ca, kept = secret(release, SERVER_CA), secret(release, SERVER_TLS)
    before = x509.load_pem_x509_certificate(kept["tls.crt"].encode())
    certificate, key = signed(ca["ca.crt"], ca["ca.key"], before, datetime.now(UTC) + timedelta(days=300))
    data = {name: b64encode(value.encode()).decode() for name, value in (("tls.crt", certificate), ("tls.key", key))}
    release.cluster.kubectl("patch", f"secret/{SERVER_TLS}", f"--patch={json.dumps({'data': data})}")
    wait_until_served(release, certificate)
    assert int(instances.sql(LOG_IN_ANEW)) > 0, f"{ROLE} had no session"
