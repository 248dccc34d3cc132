"""audit.certificates(): until when the server's certificates are valid, told by the server to monitoring alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.database.hook import Hook
from harness.database.servers import SHARED, Server
from harness.waiting import wait_for

SOON = datetime(2027, 2, 3, 4, 5, 6, tzinfo=UTC)
LATER = datetime(2051, 12, 31, 23, 59, 59, tzinfo=UTC)  # as GeneralizedTime
LAST = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)  # the last one as UTCTime
OLD = datetime(1999, 6, 1, tzinfo=UTC)
SQL = "SELECT certificate, ends_at FROM audit.certificates()"


def certificate(
    ends: datetime, begins: datetime | None = None, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None
) -> str:
    """A certificate that ends then, as PEM."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "postgresql-bill-inquiry")])
    private = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begins or ends - timedelta(days=825)).not_valid_after(ends)
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def folder(server: Server, installed: str) -> Iterator[Path]:
    """A folder with the four files, which the server is told are its own; it is without TLS and serves none of them."""
    place = server.folder / "certificates"
    with server.connect() as connection:
        try:
            for side, setting, file in (("server", "ssl_cert_file", "tls.crt"), ("clients", "ssl_ca_file", "ca.crt")):
                (place / side).mkdir(parents=True, exist_ok=True)
                for old in (place / side).iterdir():
                    old.unlink()
                tell(connection, f"ALTER SYSTEM SET {setting} = '{SHARED}/certificates/{side}/{file}'", setting, side)
            yield place
        finally:
            for setting in ("ssl_cert_file", "ssl_ca_file"):
                tell(connection, f"ALTER SYSTEM RESET {setting}", setting, "")


def tell(connection: psycopg.Connection, statement: str, setting: str, shown: str) -> None:
    """Change a setting, and wait until the server has it."""
    connection.execute(statement.encode())
    connection.execute("SELECT pg_reload_conf()")
    query = f"SELECT current_setting('{setting}')"

    def known() -> bool:
        [value] = connection.execute(query.encode()).fetchone() or ("",)
        return shown in value if shown else SHARED not in value

    wait_for(known, f"a change of {setting}")


def told(server: Server) -> dict[str, datetime | None]:
    with server.connect("bill_monitoring_user") as client:
        return dict(client.execute(SQL).fetchall())


def test_the_ends_are_those_of_the_files_whichever_way_they_are_written(server: Server, folder: Path) -> None:
    ends = {("server", "tls"): SOON, ("server", "ca"): LATER, ("clients", "tls"): LAST, ("clients", "ca"): OLD}
    for (side, file), end in ends.items():
        (folder / side / f"{file}.crt").write_text(certificate(end))
    assert told(server) == {"server": SOON, "ca": LATER, "schema": LAST, "schema-ca": OLD}


def test_the_files_of_cloudnativepg_have_other_names(server: Server, folder: Path) -> None:
    with server.connect() as connection:
        place = f"'{SHARED}/certificates/clients/client-ca.crt'"
        tell(connection, f"ALTER SYSTEM SET ssl_ca_file = {place}", "ssl_ca_file", "client-ca.crt")
    ends = {"server/tls": SOON, "server/server-ca": LATER, "clients/client-ca": OLD, "clients/streaming_replica": LAST}
    for name, end in ends.items():
        (folder / f"{name}.crt").write_text(certificate(end))
    assert told(server) == {"server": SOON, "ca": LATER, "schema-ca": OLD, "replication": LAST}


def test_of_a_chain_it_is_the_first_and_what_is_around_it_does_not_matter(server: Server, folder: Path) -> None:
    key = rsa.generate_private_key(65537, 3072)
    long = certificate(LATER, datetime(2050, 1, 1, tzinfo=UTC), key)
    (folder / "server" / "tls.crt").write_text(f"subject=/CN=x\n{certificate(SOON, key=key)}{certificate(LATER)}")
    (folder / "server" / "ca.crt").write_bytes(long.replace("\n", "\r\n").encode())
    assert told(server) == {"server": SOON, "ca": LATER}


def test_a_file_that_is_no_certificate_has_no_end_and_one_that_is_not_there_no_row(server: Server, folder: Path) -> None:
    whole = certificate(SOON)
    (folder / "server" / "tls.crt").write_text(whole[:200] + "\n-----END CERTIFICATE-----\n")
    (folder / "server" / "ca.crt").write_bytes(b"\xff\xfe\x00")
    (folder / "clients" / "tls.crt").write_text(whole.replace("M", "?"))
    unreadable = folder / "clients" / "ca.crt"
    unreadable.write_text(whole)
    unreadable.chmod(0)
    assert told(server) == {"server": None, "ca": None, "schema": None, "schema-ca": None}
    for side in ("server", "clients"):
        (folder / side / "ca.crt").unlink()
    assert told(server) == {"server": None, "schema": None}


def test_another_versions_function_is_made_anew_and_the_same_one_is_left_as_it_is(
    server: Server, name: str, migrated: None
) -> None:
    state = "SELECT xmin::text, prosrc FROM pg_proc WHERE oid = 'audit.certificates()'::regprocedure"
    with server.connect(database=name) as connection:
        before = connection.execute(state).fetchone()
        Hook(server).apply(name)
        assert connection.execute(state).fetchone() == before, "a run without a change writes nothing"
        other = "CREATE OR REPLACE FUNCTION audit.certificates() RETURNS TABLE (certificate TEXT, ends_at TIMESTAMPTZ)"
        connection.execute(f"{other} LANGUAGE sql AS 'SELECT NULL::TEXT, now()'".encode())
        Hook(server).apply(name)
        [_, found] = connection.execute(state).fetchone() or ("", "")
        assert before
        assert found == before[1]
    with server.connect("bill_monitoring_user", name) as client:
        client.execute(SQL)


def test_without_certificates_there_is_nothing_to_tell(server: Server, installed: str) -> None:
    assert told(server) == {}


@pytest.mark.parametrize("role", ["bill_inquiry_user", "bill_readonly_user", "bill_maintenance_user"])
def test_nobody_else_is_told(server: Server, installed: str, role: str) -> None:
    with server.connect(role) as client, pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute(SQL)
