"""A run of faults, one after another, while writers write; and what must be true of it afterwards."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.kubernetes import CommandError
from harness.on_cluster import writers
from harness.on_cluster.instance_faults import FAULTS, Fault
from harness.on_cluster.instances import Instances
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


@dataclass(frozen=True)
class Outcome:
    """A fault that happened: the seconds in which some writer was told of no commit, those until all was well again, and the
    servers that began again."""

    fault: str
    silence: float
    seconds: float
    begun_again: tuple[str, ...]


@dataclass
class FaultRun:
    """The faults that happened, each with what became of it."""

    instances: Instances
    seed: int
    faults: Mapping[str, Fault] = field(default_factory=lambda: FAULTS)
    outcomes: list[Outcome] = field(default_factory=list)

    def wrong_after(self, names: Sequence[str]) -> list[str]:
        """Let these faults happen while writers write; returns what is missing, unlike or damaged afterwards."""
        self.instances.sql(writers.TABLE)
        self.run(names, [writers.join(self.instances.release) for _ in range(WRITERS)])
        missing = [f"writer {number} misses {sorted(rows)}" for number, rows in self.end().items() if rows]
        return missing + [f"{pod} is unlike the primary" for pod in self.unlike_the_primary()] + self.damaged()

    def run(self, names: Sequence[str], team: Sequence[Writer]) -> None:
        """Let these faults happen, each once everything is well again after the one before."""
        chance = random.Random(self.seed)
        for number, name in enumerate(names, 1):
            outcome = self._happen(name, team, chance)
            self.outcomes.append(outcome)
            say(
                f"  fault {number} of {len(names)}, {name}: {outcome.silence:.1f} s without a commit, well after "
                f"{outcome.seconds:.0f} s, begun again: {', '.join(outcome.begun_again) or 'none'}"
            )

    def _happen(self, name: str, team: Sequence[Writer], chance: random.Random) -> Outcome:
        before = {writer: writer.tries() - 1 for writer in team}
        lives, begun = self.instances.lives(), time.monotonic()
        self.faults[name](self.instances, chance)
        self.instances.wait_healthy()
        for writer in team:
            writer.wait_for_rows()
        seconds = time.monotonic() - begun
        silence = max(writers.longest_silence(list(writer.acknowledged(since).values())) for writer, since in before.items())
        begun_again = tuple(pod for pod, life in sorted(self.instances.lives().items()) if lives.get(pod) != life)
        return Outcome(name, silence, seconds, begun_again)

    def end(self) -> dict[int, set[int]]:
        """End every writer, also one that stayed with a server; returns by writer the rows acknowledged and missing."""
        told = {writer.number: set(writer.stop()) for writer in writers.team(self.instances.release.cluster)}
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
