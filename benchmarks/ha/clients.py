"""pgbench in a pod beside the servers, as the service's role and over TLS."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from benchmarks.schema import pgbench, server
from harness.local.machine import MachineError
from harness.on_cluster.pods import standing
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret

ROLE = "bill_inquiry_user"
CONNECTED = 20  # clients a second, at least: pgbench's time begins before they are


class Clients:
    """A pod from which pgbench asks a release."""

    def __init__(self, release: Release) -> None:
        self._release = release
        program = b64encode(Path(server.client("pgbench")[0]).read_bytes()).decode()  # no image has it
        ca = secret(release, "postgresql-bill-inquiry-tls")["ca.crt"]
        files = {"ca.crt": ca, "password": release.password(ROLE), "encoded": program}
        self._pod = standing(release.cluster, "pgbench", {}, files)
        self._bash("base64 --decode /tmp/encoded > /tmp/pgbench && chmod +x /tmp/pgbench")

    def run(self, service: str, script: str, constants: Mapping[str, str], clients: int, seconds: int) -> pgbench.Times:
        """Execute the script by so many connections to a Service, prepared, for `seconds`. Raises CommandError."""
        host = f"{service}.{self._release.cluster.namespace}.svc.cluster.local"
        environment = {"PGHOST": host, "PGUSER": ROLE, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/tmp/ca.crt"}
        given = " ".join(f"--define={name}='{value}'" for name, value in constants.items())
        self._bash("cat > /tmp/script.sql", script)
        self._bash(
            "rm -f /tmp/log.* && ulimit -Sn $(ulimit -Hn) && PGPASSWORD=$(< /tmp/password) "
            f"{' '.join(f'{name}={value}' for name, value in environment.items())} /tmp/pgbench --no-vacuum --protocol=prepared "
            f"--client={clients} --jobs=2 --random-seed=14 --log --log-prefix=/tmp/log --file=/tmp/script.sql {given} "
            f"--time={seconds + clients // CONNECTED} bill_inquiry_db > /tmp/told 2>&1 || "
            "{ tail --lines=20 /tmp/told; exit 1; }"
        )
        found = pgbench.logged(self._bash("cat /tmp/log.*"))
        if not found.executions:
            raise MachineError(f"{clients} clients did not connect to {host} in time: the machine is too busy to measure on")
        return found

    def _bash(self, script: str, stdin: str = "") -> str:
        command = ["exec", "--stdin", self._pod, "--", "bash", "-c", script]
        return self._release.cluster.kubectl(*command, stdin=stdin, timeout=900)
