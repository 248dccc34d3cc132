"""The local Kubernetes' certificates: one CA, one pair a component, and a kubeconfig for each that is a client."""

import ipaddress
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=3650)


class Authority:
    """A CA whose key and certificate, and those it signs, lie in `folder` as NAME.key and NAME.crt; made when not there."""

    def __init__(self, folder: Path) -> None:
        """Load the CA from `folder`, or make it."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.certificate.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name("billdb-local")
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            builder = _builder(name, name, key).add_extension(x509.BasicConstraints(True, None), critical=True)
            self._write("ca", key, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()))

    @property
    def certificate(self) -> Path:
        """The CA's certificate, PEM."""
        return self.folder / "ca.crt"

    def sign(self, file: str, common_name: str, organization: str = "", addresses: tuple[str, ...] = ()) -> None:
        """Make folder/FILE.key and FILE.crt for client and server use; `addresses` are IP addresses or DNS names."""
        if (self.folder / f"{file}.crt").exists():
            return
        ca_key = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), None)
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes()).subject
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
        builder = _builder(_name(common_name, organization), issuer, key).add_extension(usage, critical=False)
        if addresses:
            builder = builder.add_extension(x509.SubjectAlternativeName([_san(a) for a in addresses]), critical=False)
        self._write(file, key, builder.sign(ca_key, hashes.SHA256()))

    def kubeconfig(self, file: str, target: Path, server: str) -> None:
        """Write a kubeconfig that holds FILE's certificate and key, mode 0600."""
        name = "billdb-local"
        user = {
            "client-certificate-data": _base64(self.folder / f"{file}.crt"),
            "client-key-data": _base64(self.folder / f"{file}.key"),
        }
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": _base64(self.certificate)}}],
            "users": [{"name": file, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": file}}],
            "current-context": name,
        }
        target.touch(mode=0o600)
        target.write_text(yaml.safe_dump(content))

    def _write(self, file: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        key_file = self.folder / f"{file}.key"
        key_file.touch(mode=0o600)
        key_file.write_bytes(_pem(key))
        (self.folder / f"{file}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def self_signed(name: str) -> tuple[str, str]:
    """A certificate that trusts nobody but itself, for client and server use under the DNS name `name`, and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    builder = _builder(_name(name), _name(name), key).add_extension(usage, critical=False)
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), _pem(key).decode()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _name(common_name: str, organization: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
    )


def _san(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _base64(file: Path) -> str:
    return b64encode(file.read_bytes()).decode()
