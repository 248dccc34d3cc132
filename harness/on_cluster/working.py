"""A client that works all the time, as the service does: one session that stays, and a new connection a turn."""

from harness.kubernetes import Cluster
from harness.on_cluster.pods import standing
from harness.waiting import wait_for

# Each turn prints one line: `ok`, or `FAILED` and what the client was told. The password is read anew for each connection.
SCRIPT = r"""
trap '' PIPE # a session that has ended is a failed turn, not the end of the client
export PGUSER=bill_inquiry_user PGDATABASE=bill_inquiry_db PGSSLMODE=verify-full PGSSLROOTCERT=/tmp/ca.crt PGCONNECT_TIMEOUT=60
export PGHOST=$1 PGPASSWORD=$(< /tmp/password)
coproc kept { psql -qAtX 2>&1; }
while :; do
  echo "SELECT 'kept';" >&${kept[1]} && read -r -t 60 answer <&${kept[0]} && [[ $answer == kept ]] || echo "FAILED kept: $answer"
  answer=$(PGPASSWORD=$(< /tmp/password) psql -qAtX -c "SELECT 'new'" 2>&1)
  [[ $answer == new ]] && echo ok || echo "FAILED new: $answer"
  sleep 0.1 # without it the client takes a whole processor
done
"""


class Worker:
    """The client in a pod of its own; `turns` and `failures` tell how it went."""

    def __init__(self, cluster: Cluster, ca: str, password: str) -> None:
        """Start it with the CA's certificate and the service's password."""
        self.cluster = cluster
        self.pod = standing(cluster, "worker", {}, {"ca.crt": ca, "password": password, "work.sh": SCRIPT})
        host = f"postgresql-bill-inquiry.{cluster.namespace}.svc.cluster.local"
        start = f"setsid bash /tmp/work.sh {host} > /tmp/log 2>&1 < /dev/null &"
        cluster.kubectl("exec", self.pod, "--", "bash", "-c", start)
        self.wait_for_turns(5)

    def lines(self) -> list[str]:
        """What it printed."""
        return self.cluster.kubectl("exec", self.pod, "--", "cat", "/tmp/log").splitlines()

    def wait_for_turns(self, more: int) -> None:
        """Wait until it has made this many more successful turns."""
        wanted = self.lines().count("ok") + more
        wait_for(lambda: self.lines().count("ok") >= wanted, f"{more} more turns", seen=lambda: "\n".join(self.lines()[-5:]))

    def use_password(self, password: str) -> None:
        """Give it another password for its next connections."""
        write = "umask 077; cat > /tmp/password.new; mv /tmp/password.new /tmp/password"
        self.cluster.kubectl("exec", "--stdin", self.pod, "--", "bash", "-c", write, stdin=password)

    def stop(self) -> list[str]:
        """End it; returns its failures."""
        failures = [line for line in self.lines() if line != "ok"]
        self.cluster.kubectl("delete", f"pod/{self.pod}", "--wait=true")
        return failures
