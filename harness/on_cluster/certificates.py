"""Certificates that a test needs and nobody would issue."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def signed(ca: str, ca_key: str, like: x509.Certificate, until: datetime) -> tuple[str, str]:
    """A certificate and its key, PEM: signed by the CA, with the subject and names of `like`, valid a year up to `until`."""
    issuer_key = serialization.load_pem_private_key(ca_key.encode(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    names = like.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    certificate = (
        x509.CertificateBuilder()
        .subject_name(like.subject)
        .issuer_name(x509.load_pem_x509_certificate(ca.encode()).subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=365))
        .not_valid_after(until)
        .add_extension(names, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
