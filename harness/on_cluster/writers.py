"""Clients that write all the time and keep count of what they were told is committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from harness.kubernetes import Cluster
from harness.on_cluster.pods import standing
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret
from harness.waiting import wait_for

TABLE = """
CREATE TABLE IF NOT EXISTS acknowledged (
    writer INTEGER, n INTEGER, at TIMESTAMPTZ DEFAULT clock_timestamp(), PRIMARY KEY (writer, n)
);
GRANT SELECT, INSERT ON acknowledged TO bill_inquiry_user;
"""
# One session inserts row after row, and a line of the log tells of each that the server acknowledged and when. A client that is
# not answered goes away and comes back as another one: the row of then may be there or not. The password is read anew each time.
SCRIPT = r"""
trap '' PIPE # a session that has ended is a lost one, not the end of the writer
export PGUSER=bill_inquiry_user PGDATABASE=bill_inquiry_db PGSSLMODE=verify-full PGSSLROOTCERT=/tmp/ca.crt PGCONNECT_TIMEOUT=2
export PGHOST=$1 PGHOSTADDR=$3 PGOPTIONS='-c statement_timeout=20s' PGTCP_USER_TIMEOUT=5000
writer=$2 n=0
exec {rest}<> <(:) # nobody writes to it: to wait for a line of it is to sleep, without a process for each time
while :; do
  coproc psql { PGPASSWORD=$(< /tmp/password) exec psql -qAtX -v ON_ERROR_STOP=1 2>&1; }
  session=$psql_PID answer=""
  while n=$((n + 1)) && echo "INSERT INTO acknowledged VALUES ($writer, $n) RETURNING n;" >&${psql[1]} 2> /dev/null \
      && read -r -t 5 answer <&${psql[0]} && [[ $answer == "$n" ]]; do
    echo "ok $n $EPOCHREALTIME"
    read -r -t 0.02 -u "$rest" # a client that never rests keeps the processor from the servers
  done
  echo "lost $n $EPOCHREALTIME $answer"
  kill -9 $session 2> /dev/null
  wait 2> /dev/null
  read -r -t 0.1 -u "$rest"
done
"""


@dataclass(frozen=True)
class Writer:
    """A client in a pod of its own, by its number."""

    cluster: Cluster
    number: int
    pod: str

    def lines(self, since: int = 0) -> list[list[str]]:
        """What it printed after so many tries: `ok`, the row, and when; or `lost`, the row, when, and what it was told."""
        log = self.cluster.kubectl("exec", self.pod, "--", "tail", f"--lines=+{since + 1}", "/tmp/log")
        return [line.split(" ", 3) for line in log.splitlines() if line.startswith(("ok ", "lost "))]

    def acknowledged(self, since: int = 0) -> dict[int, float]:
        """The rows that it was told of after so many tries, each with the second (of the epoch) of it."""
        return {int(words[1]): float(words[2]) for words in self.lines(since) if words[0] == "ok" and len(words) == 3}

    def tries(self) -> int:
        """How many rows it tried to write so far; the last may be under way to its log."""
        return int(self.cluster.kubectl("exec", self.pod, "--", "bash", "-c", "grep -c ^ /tmp/log || :"))

    def count(self) -> int:
        """How many rows it was told of so far."""
        return int(self.cluster.kubectl("exec", self.pod, "--", "bash", "-c", "grep -c ^ok /tmp/log || :"))

    def wait_for_rows(self, more: int = 5, seconds: float = 240) -> None:
        """Wait until it was told of this many more rows."""
        wanted = self.count() + more

        def last() -> str:
            return "\n".join(" ".join(words) for words in self.lines()[-5:])

        wait_for(lambda: self.count() >= wanted, f"{more} more rows of {self.pod}", seconds, last)

    def use_password(self, password: str) -> None:
        """Give it another password for its next sessions."""
        write = "umask 077; cat > /tmp/password.new; mv /tmp/password.new /tmp/password"
        self.cluster.kubectl("exec", "--stdin", self.pod, "--", "bash", "-c", write, stdin=password)

    def rest(self) -> None:
        """Have it write no more; what it was told is kept."""
        self.cluster.kubectl("exec", self.pod, "--", "bash", "-c", "kill -9 $(< /tmp/pid) && pkill -9 psql || :")

    def stop(self) -> dict[int, float]:
        """End it; returns the rows that it was told of."""
        self.rest()
        told = self.acknowledged()
        self.cluster.kubectl("delete", f"pod/{self.pod}", "--wait=false")
        return told


def start(
    cluster: Cluster,
    number: int,
    ca: str,
    password: str,
    service: str = "postgresql-bill-inquiry",
    address: str = "",
    labels: Mapping[str, str] | None = None,
) -> Writer:
    """Start a writer to a Service, or to this address by the Service's name, in a pod with labels; the table of TABLE is there.

    Returns when it was told of some rows.
    """
    pod = standing(cluster, f"writer-{number}", labels or {}, {"ca.crt": ca, "password": password, "write.sh": SCRIPT})
    host = f"{service}.{cluster.namespace}.svc.cluster.local"
    begin = f"setsid bash /tmp/write.sh {host} {number} '{address}' > /tmp/log 2>&1 < /dev/null & echo $! > /tmp/pid"
    cluster.kubectl("exec", pod, "--", "bash", "-c", begin)
    writer = Writer(cluster, number, pod)
    writer.wait_for_rows()
    return writer


def join(release: Release, address: str = "") -> Writer:
    """Start one more writer, to the release's Service or to this address of it."""
    number = max((writer.number for writer in team(release.cluster)), default=0) + 1
    ca = secret(release, "postgresql-bill-inquiry-tls")["ca.crt"]
    return start(release.cluster, number, ca, release.password("bill_inquiry_user"), address=address)


def team(cluster: Cluster) -> list[Writer]:
    """The writers that there are."""
    pods = cluster.get("pods")["items"]
    names = sorted(str(pod["metadata"]["name"]) for pod in pods)
    return [Writer(cluster, int(name.removeprefix("writer-")), name) for name in names if name.startswith("writer-")]


def longest_silence(acknowledged: list[float]) -> float:
    """Seconds between two acknowledgements that followed each other, the most there were."""
    times = sorted(acknowledged)
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)
