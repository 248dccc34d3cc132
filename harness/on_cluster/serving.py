"""Which certificate the server shows to a client, and whether it was restarted for that."""

from base64 import b64decode

from cryptography import x509

from harness.on_cluster.release import Release

HANDSHAKE = "openssl s_client -starttls postgres -connect postgresql-bill-inquiry:5432"
SERVED = f"{HANDSHAKE} < /dev/null 2> /dev/null | openssl x509 -noout -serial"


def secret(release: Release, name: str) -> dict[str, str]:
    """The Secret's keys and what they hold."""
    data = release.cluster.get(f"secret/{name}")["data"]
    return {key: b64decode(value).decode() for key, value in data.items()}


def server_state(release: Release) -> tuple[str, int]:
    """The pod's identity and its containers' restarts: unchanged when nothing was restarted."""
    pod = release.cluster.get(f"pod/{release.cluster.pod}")
    return pod["metadata"]["uid"], sum(status["restartCount"] for status in pod["status"]["containerStatuses"])


def wait_until_served(release: Release, certificate: str) -> None:
    """Wait until a client is shown this certificate: the kubelet refreshes a mounted Secret within about 90 seconds."""
    serial = f"serial={x509.load_pem_x509_certificate(certificate.encode()).serial_number:X}"
    script = f"for i in {{1..260}}; do [[ $({SERVED} | sed s/=0*/=/) == {serial} ]] && exit; sleep 1; done; {SERVED}; exit 1"
    release.client("looking", script)
    release.cluster.kubectl("wait", "pod/looking", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=280s")
    release.cluster.kubectl("delete", "pod/looking")
