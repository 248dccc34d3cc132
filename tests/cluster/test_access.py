"""Who gets in, and how: asked by pods and by this machine."""

import socket

import pytest

from tests.cluster.release import Release

WHOAMI = "psql -Atc 'SELECT current_user, ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'"
REFUSED = {
    "without TLS": ({"PGSSLMODE": "disable"}, "no encryption"),
    "with a wrong password": ({"PGPASSWORD": "wrong"}, "password authentication failed"),
    "under a name that is not in the certificate": (
        {"PGHOST": "postgresql-bill-inquiry.billdb-access.svc.cluster.local."}, "does not match host name"),
    "with another CA": ({"PGSSLROOTCERT": "/etc/ssl/certs/ca-certificates.crt"}, "certificate verify failed"),
    "with TLS 1.1": ({"PGSSLMINPROTOCOLVERSION": "TLSv1", "PGSSLMAXPROTOCOLVERSION": "TLSv1.1"}, "protocol version"),
}  # fmt: skip


@pytest.mark.parametrize("host", [
    "postgresql-bill-inquiry", "postgresql-bill-inquiry.billdb-access",
    "postgresql-bill-inquiry.billdb-access.svc.cluster.local", "postgresql-bill-inquiry-headless"])  # fmt: skip
def test_pod_gets_in_with_verified_tls(database: Release, host: str) -> None:
    succeeded, log = database.ask("client", WHOAMI, {"PGHOST": host})
    assert (succeeded, log.strip()) == (True, "postgres|t|TLSv1.3")


@pytest.mark.parametrize(("environment", "reason"), REFUSED.values(), ids=REFUSED)
def test_client_is_refused(database: Release, environment: dict[str, str], reason: str) -> None:
    succeeded, log = database.ask("client", WHOAMI, environment)
    assert not succeeded
    assert reason in log


def test_the_network_policy_lets_nobody_in_from_outside_the_cluster(database: Release) -> None:
    pod = database.cluster.get("pod/postgresql-bill-inquiry-0")
    answer = database.cluster.kubectl("exec", "postgresql-bill-inquiry-0", "--", "pg_isready", "-h", pod["status"]["podIP"])
    assert "accepting connections" in answer
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection((pod["status"]["podIP"], 5432), timeout=3)


def test_the_server_reaches_nothing_but_dns(database: Release) -> None:
    script = "timeout 3 bash -c '</dev/tcp/{}' && echo open || echo closed"
    api, dns = (
        database.cluster.kubectl("exec", "postgresql-bill-inquiry-0", "--", "bash", "-c", script.format(target))
        for target in ("kubernetes.default.svc.cluster.local/443", "10.243.0.2/53")
    )
    assert (api.strip(), dns.strip()) == ("closed", "open")


def test_no_pod_holds_a_token_of_the_api(database: Release) -> None:
    token = "test -e /var/run/secrets/kubernetes.io && echo there || echo none"
    assert database.cluster.kubectl("exec", "postgresql-bill-inquiry-0", "--", "bash", "-c", token).strip() == "none"
