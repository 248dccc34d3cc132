"""What the repository grows by when another backup is made: after a day of the service, and after changes all over a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.backup import jobs
from benchmarks.backup.jobs import Result
from benchmarks.schema import pgbench, server, writes
from benchmarks.schema.databases import CHART
from harness.progress import step

DAYS = 730  # that the loaded rows are of
A_DAY, A_DAY_LESS = "a day of the service", "a day of the service, and the oldest day deleted"
ALL_OVER = "1 % of the history's rows updated, all over the tables"
# The share of a day's inquiries after which the service writes so: more than half are answered by the cache.
SHARES = dict.fromkeys(writes.OF_AN_INQUIRY, 1.0) | {"cache: an access is counted": 0.57, "cache: an entry is refreshed": 0.43}
# As the chart's retention deletes: the calls first.
DELETE_A_DAY = ";\n".join(
    f"DELETE FROM {table} WHERE request_time < (SELECT min(request_time) FROM bill_inquiry_history) + INTERVAL '1 day'"
    for table in ("kos_inquiry_history", "bill_inquiry_history")
)
UPDATE = ";\n".join(
    f"UPDATE {table} SET line_number = line_number WHERE id % 100 = {{turn}}"  # with a new updated_at, by the trigger
    for table in ("bill_inquiry_history", "kos_inquiry_history")
)


@dataclass(frozen=True)
class Growth:
    """The first backup, and those that came after it by what was changed before each."""

    first: Result
    after: Mapping[str, Sequence[Result]]

    def percent(self, name: str) -> list[float]:
        """What each of these backups added, of what the first one did."""
        return [100 * result.added / self.first.added for result in self.after[name]]


def measure(rows: int, number: int) -> Growth:
    """Change and back up, `number` times each: days first, for updates all over a table leave room all over it."""
    changes: Mapping[str, Callable[[int], None]] = {
        A_DAY: lambda _: day(rows),
        A_DAY_LESS: lambda _: _day_less(rows),
        ALL_OVER: lambda turn: _query(UPDATE.format(turn=turn)),
    }
    with step("the first backup"):
        jobs.empty_repository()
        first = jobs.back_up()
    after: dict[str, list[Result]] = {name: [] for name in changes}
    for name, change in changes.items():
        for turn in range(number):
            with step(f"{name}: backup {turn + 1} of {number}"):
                change(turn)
                after[name].append(jobs.back_up())
    return Growth(first, after)


def day(rows: int) -> None:
    """Write what a day of `rows` inquiries in two years has: rows at the end of the history, their answers, and the cache."""
    bound = writes.CONSTANTS | {"first": str(writes.next_number(CHART)), "entries": str(rows // writes.ROWS_AN_ENTRY)}
    for name, share in SHARES.items():
        pgbench.run(CHART, writes.SCRIPTS[name], bound, each=each(rows, share))


def each(rows: int, share: float) -> int:
    """How often each connection writes so in a day."""
    return max(1, round(rows / DAYS * share / pgbench.CONNECTIONS))


def _day_less(rows: int) -> None:
    _query(DELETE_A_DAY)
    _query("VACUUM kos_inquiry_history, bill_inquiry_history")
    day(rows)


def _query(sql: str) -> None:
    server.query(CHART, sql)
