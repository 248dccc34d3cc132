"""Clients of the server and what each must get, with default values and with presets/hardened.yaml; docs/security.md shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness import paths

IN = "in"
NO_ANSWER = "no answer"
NO_ENCRYPTION = "no encryption"
NO_RULE = "no pg_hba.conf entry for replication connection"
REJECTED = "pg_hba.conf rejects connection"
WRONG_PASSWORD = "password authentication failed"

APPLICATION = "a pod labelled tier: application"
OTHER_POD = "another pod of the namespace"
OTHER_NAMESPACE = "a pod of another namespace, labelled tier: application"
SERVER_POD = "inside the server's pod"
OUTSIDE = "a machine outside the cluster"

SERVICE = "bill_inquiry_user"


@dataclass(frozen=True)
class Client:
    """A client by what is special about it; `default` and `hardened` are IN or words of the refusal that it must get.

    `environment` is libpq's; {host} in it is the server's full name, {socket} its socket's folder, {ROLE} that role's password.
    """

    what: str
    default: str
    hardened: str
    place: str = APPLICATION
    role: str = SERVICE
    database: str = "bill_inquiry_db"
    environment: Mapping[str, str] = field(default_factory=dict)


def same(what: str, expected: str, place: str = APPLICATION, role: str = SERVICE, **environment: str) -> Client:
    """A client that gets the same from both."""
    return Client(what, expected, expected, place, role, environment=environment)


def on(role: str, database: str, default: str, hardened: str | None = None) -> Client:
    """A role with its password on a database, over verified TLS from the service's place."""
    what = f"{role} on {database}, with its password"
    return Client(what, default, hardened or default, role=role, database=database)


PLACES = (
    same("the service: its role, its password, verified TLS", IN),
    Client("the same", IN, NO_ANSWER, OTHER_POD),
    Client("the same", IN, NO_ANSWER, OTHER_NAMESPACE),
    same("a TCP connection", NO_ANSWER, OUTSIDE),
    same("the superuser on the socket, as the plan's kubectl exec", IN, SERVER_POD, "postgres", PGHOST="{socket}"),
    same("another role on the socket", "Peer authentication failed", SERVER_POD, PGHOST="{socket}"),
    same(
        "the superuser on 127.0.0.1 without TLS", NO_ENCRYPTION, SERVER_POD, "postgres", PGHOST="127.0.0.1", PGSSLMODE="disable"
    ),
)
TLS = (
    same("without TLS", NO_ENCRYPTION, PGSSLMODE="disable"),
    same("with another CA", "certificate verify failed", PGSSLROOTCERT="/etc/ssl/certs/ca-certificates.crt"),
    same("under a name that is not in the certificate", "does not match host name", PGHOST="{host}."),
    same("with TLS 1.1", "protocol version", PGSSLMINPROTOCOLVERSION="TLSv1", PGSSLMAXPROTOCOLVERSION="TLSv1.1"),
    Client("with TLS 1.2", IN, "protocol version", environment={"PGSSLMAXPROTOCOLVERSION": "TLSv1.2"}),
    same("with TLS 1.3", IN, PGSSLMINPROTOCOLVERSION="TLSv1.3"),
)
PASSWORDS = (
    same("with a wrong password", WRONG_PASSWORD, PGPASSWORD="wrong"),
    same("with another role's password", WRONG_PASSWORD, PGPASSWORD="{bill_readonly_user}"),
    same("without a password", "no password supplied", PGPASSWORD=""),
    same("scram with channel binding", IN, PGCHANNELBINDING="require"),
    same("a role that is not there", WRONG_PASSWORD, role="anonymous", PGPASSWORD="guessed"),
    same("the owner with the superuser's password", WRONG_PASSWORD, role="bill_inquiry_owner", PGPASSWORD="{postgres}"),
    same("the schema Job's role without its certificate", "requires a valid client certificate", role="billdb_hook"),
    same("the schema Job's role with a certificate of another CA", "unknown ca", role="billdb_hook",
         PGSSLCERT="/tmp/server.crt", PGSSLKEY="/tmp/server.key"),
    same("the schema Job's role without TLS", REJECTED, role="billdb_hook", PGSSLMODE="disable"),
)  # fmt: skip
ROLES = (
    on(SERVICE, "bill_inquiry_db", IN),
    on(SERVICE, "postgres", REJECTED),
    on(SERVICE, "template1", REJECTED),
    on(SERVICE, "replication", NO_RULE),
    on("bill_readonly_user", "bill_inquiry_db", IN),
    on("bill_readonly_user", "postgres", REJECTED),
    on("bill_readonly_user", "template1", REJECTED),
    on("bill_readonly_user", "replication", NO_RULE),
    on("bill_maintenance_user", "bill_inquiry_db", IN),
    on("bill_maintenance_user", "postgres", REJECTED),
    on("bill_maintenance_user", "template1", REJECTED),
    on("bill_maintenance_user", "replication", NO_RULE),
    on("bill_monitoring_user", "bill_inquiry_db", IN),
    on("bill_monitoring_user", "postgres", IN),
    on("bill_monitoring_user", "template1", REJECTED),
    on("bill_monitoring_user", "replication", NO_RULE),
    on("bill_backup_user", "bill_inquiry_db", IN),
    on("bill_backup_user", "postgres", IN),
    on("bill_backup_user", "template1", IN),
    on("bill_backup_user", "replication", IN),
    on("postgres", "bill_inquiry_db", IN, REJECTED),
    on("postgres", "postgres", IN, REJECTED),
    on("postgres", "template1", IN, REJECTED),
    on("postgres", "replication", NO_RULE),
)
CLIENTS: Sequence[Client] = (*PLACES, *TLS, *PASSWORDS, *ROLES)


def document() -> str:
    """The table as docs/security.md has it."""
    rows = [f"| {c.place} | {c.what} | {_shown(c.default)} | {_shown(c.hardened)} |" for c in CLIENTS]
    return "\n".join(["| from | client | default values | `presets/hardened.yaml` |", "| --- | --- | --- | --- |", *rows])


def _shown(expected: str) -> str:
    return "**in**" if expected == IN else f"refused: {expected}"


if __name__ == "__main__":
    file = paths.ROOT / "docs" / "security.md"
    before, _, rest = file.read_text().partition("<!-- clients -->\n")
    after = rest.partition("<!-- end of clients -->")[2]
    file.write_text(f"{before}<!-- clients -->\n{document()}\n<!-- end of clients -->{after}")
