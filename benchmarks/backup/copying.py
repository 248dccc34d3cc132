"""The whole database into a file or repository, and back into a new database: the chart's Jobs beside PostgreSQL's programs."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks import turns
from benchmarks.backup import jobs
from benchmarks.schema import server
from benchmarks.schema.databases import CHART
from harness.local.machine import MachineError
from harness.progress import step

PLAIN, UNCOMPRESSED, BACKUP = "pg_dump --format=custom", "the same with --compress=0", "the chart's backup"
PLAIN_RESTORE, RESTORE = "pg_restore of pg_dump's file", "the chart's restore"
RESTORED, CHART_RESTORED = "restored", f"{CHART}_restored"
FILE, UNCOMPRESSED_FILE = server.FOLDER / "plain.dump", server.FOLDER / "uncompressed.dump"


class Way(NamedTuple):
    """What is timed, and what removes what it left the last time."""

    clean: Callable[[], object]
    work: Callable[[], object]


def dump(number: int) -> Mapping[str, Sequence[float]]:
    """Seconds by way, a value a turn. The last turn's files and repository stay."""
    ways = {
        PLAIN: Way(lambda: FILE.unlink(missing_ok=True), lambda: _dump(f"--file={FILE}")),
        UNCOMPRESSED: Way(
            lambda: UNCOMPRESSED_FILE.unlink(missing_ok=True), lambda: _dump("--compress=0", f"--file={UNCOMPRESSED_FILE}")
        ),
        BACKUP: Way(jobs.empty_repository, jobs.back_up),
    }
    return _in_turns("dump", ways, number)


def sizes() -> Mapping[str, int]:
    """Bytes on disk by way, of what `dump` left."""
    return {PLAIN: FILE.stat().st_size, UNCOMPRESSED: UNCOMPRESSED_FILE.stat().st_size, BACKUP: jobs.size()}


def restore(number: int) -> Mapping[str, Sequence[float]]:
    """The same of what `dump` left, each into a new database, which goes."""
    ways = {
        PLAIN_RESTORE: Way(lambda: _drop(RESTORED), _restore),
        RESTORE: Way(lambda: _drop(CHART_RESTORED), lambda: jobs.run(jobs.RESTORE, FROM="latest", THEN="keep")),
    }
    found = _in_turns("restore", ways, number)
    for way in ways.values():
        way.clean()
    return found


def remove() -> None:
    """Remove the files."""
    FILE.unlink(missing_ok=True)
    UNCOMPRESSED_FILE.unlink(missing_ok=True)


def _in_turns(what: str, ways: Mapping[str, Way], number: int) -> Mapping[str, Sequence[float]]:
    """Time every way, a turn to warm up and then `number` that count. Each begins after a checkpoint."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-1, number):
        with step(f"{what}, turn {turn + 1} of {number}" if turn >= 0 else f"{what}, to warm up"):
            for name in turns.order(list(ways), turn):
                ways[name].clean()
                server.query("postgres", "CHECKPOINT")
                seconds = turns.seconds(ways[name].work)
                found[name] += [seconds] if turn >= 0 else []
    return found


def _dump(*arguments: str) -> None:
    _run("pg_dump", "--username=bill_backup_user", "--format=custom", *arguments, CHART)


def _restore() -> None:
    server.query("postgres", f"CREATE DATABASE {RESTORED} TEMPLATE template0")
    _run("pg_restore", "--exit-on-error", f"--dbname={RESTORED}", str(FILE))


def _drop(database: str) -> None:
    server.query("postgres", f"DROP DATABASE IF EXISTS {database}")


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(server.client(program, *arguments), env=server.environment(), capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"{program} {' '.join(arguments)}:\n{done.stderr}")
