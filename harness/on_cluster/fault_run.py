"""A run of faults, one after another, while writers write; and what must be true of it afterwards."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.kubernetes import CommandError
from harness.on_cluster import writers
from harness.on_cluster.instance_faults import FAULTS, Fault
from harness.on_cluster.instances import Instances
from harness.on_cluster.serving import secret
from harness.on_cluster.writers import Writer
from harness.progress import say
from harness.waiting import wait_for

WRITERS = 3
AMCHECK = """
CREATE EXTENSION IF NOT EXISTS amcheck;
"""
CHECK = """
SELECT count(bt_index_check(index => c.oid, heapallindexed => {heap}))
FROM pg_index AS i INNER JOIN pg_class AS c ON c.oid = i.indexrelid INNER JOIN pg_am AS a ON a.oid = c.relam
WHERE a.amname = 'btree' AND c.relpersistence = 'p' AND i.indisready AND i.indisvalid
"""
# Every row of every table of the service, and of the writers', as one sum.
CONTENTS = """
SELECT md5(string_agg(part, E'\\n' ORDER BY part)) FROM (
    SELECT format('%s %s', relid::regclass, (xpath('/row/sum/text()', query_to_xml(format(
        'SELECT md5(string_agg(t::text, E''\\n'' ORDER BY t::text)) AS sum FROM %s AS t', relid::regclass
    ), true, true, '')))[1]) AS part
    FROM pg_stat_user_tables
) AS parts
"""


@dataclass
class FaultRun:
    """The faults that happened, with the seconds in which no writer was told of a commit."""

    instances: Instances
    seed: int
    faults: Mapping[str, Fault] = field(default_factory=lambda: FAULTS)
    silences: list[tuple[str, float]] = field(default_factory=list)

    def start(self) -> list[Writer]:
        """Start the writers."""
        release = self.instances.release
        self.instances.sql(writers.TABLE)
        ca = secret(release, "postgresql-bill-inquiry-tls")["ca.crt"]
        password = release.password("bill_inquiry_user")
        return [writers.start(release.cluster, number, ca, password) for number in range(1, WRITERS + 1)]

    def run(self, names: Sequence[str], team: Sequence[Writer]) -> None:
        """Let these faults happen, each once everything is well again after the one before."""
        chance = random.Random(self.seed)
        for number, name in enumerate(names, 1):
            before = {writer.number: max(writer.acknowledged().values()) for writer in team}
            self.faults[name](self.instances, chance)
            self.instances.wait_healthy()
            for writer in team:
                writer.wait_for_rows()
            silence = max(self._silence(writer, before[writer.number]) for writer in team)
            self.silences.append((name, silence))
            say(f"  fault {number} of {len(names)}, {name}: {silence:.1f} s without a commit")

    def _silence(self, writer: Writer, since: float) -> float:
        return writers.longest_silence([at for at in writer.acknowledged().values() if at >= since])

    def end(self, team: Sequence[Writer]) -> dict[int, set[int]]:
        """End the writers; returns by writer the rows that it was told of and that are not there."""
        told = {writer.number: set(writer.stop()) for writer in team}
        missing = {}
        for number, rows in told.items():
            there = {int(row) for row in self.instances.sql(f"SELECT n FROM acknowledged WHERE writer = {number}").split()}
            missing[number] = rows - there
            more = len(there - rows)
            say(f"  writer {number}: {len(rows)} acknowledged, {len(missing[number])} missing, {more} more than it was told of")
        return missing

    def unlike_the_primary(self) -> list[str]:
        """The replicas whose rows are not the primary's, once they have replayed all of it."""
        here = self.instances.sql("SELECT pg_current_wal_flush_lsn()")
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{here}'"
        for pod in self.instances.replicas():
            wait_for(partial(self._is_true, replayed, pod), f"{pod} to have replayed {here}", seen=self.instances.told)
        contents = self.instances.sql(CONTENTS)
        return [pod for pod in self.instances.replicas() if self.instances.sql(CONTENTS, pod) != contents]

    def _is_true(self, condition: str, pod: str) -> bool:
        return self.instances.sql(condition, pod) == "t"

    def damaged(self) -> list[str]:
        """The servers with an index that amcheck complains of, and what it says."""
        self.instances.sql(AMCHECK)
        self.unlike_the_primary()  # they have the extension too
        found = []
        for pod in self.instances.pods():
            try:
                checked = int(self.instances.sql(CHECK.format(heap="true"), pod))
            except CommandError as error:
                found.append(f"{pod}: {error}")
                continue
            assert checked > 20, f"{pod}: {checked} indexes were looked at"
        return found
