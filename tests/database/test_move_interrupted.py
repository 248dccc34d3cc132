"""Moves that are killed, or lose a session: the old server is as it was, and nothing half done is taken for done."""

import time
from contextlib import suppress
from pathlib import Path

from harness.database.hook import Hook
from harness.database.moves import Move
from harness.database.servers import Server
from harness.database.volumes import PREPARE, pod
from tests.database.moving import is_closed, wait_for_line, writes

MOMENTS = 20


def test_a_lost_session_that_kept_writers_away_ends_the_move(opened: Server, tmp_path: Path) -> None:
    job = Move(opened, "15", tmp_path / "volume").start()
    wait_for_line(job.lines(), "copied     audit.")
    with opened.connect(database="postgres") as connection:
        holder = "pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'billdb/move' AND state ~ 'idle in'"
        assert connection.execute(f"SELECT {holder}".encode()).fetchall() == [(True,)]
    done = job.end()
    assert (done.status, "the session that keeps others from writing was lost" in done.log) == (3, True), done.log
    with opened.connect() as connection:
        newest = "SELECT kind, succeeded FROM audit.backup_run ORDER BY id DESC LIMIT 1"
        assert connection.execute(newest.encode()).fetchone() == ("move", False)


def test_killed_at_any_moment_it_leaves_the_old_server_as_it_was_and_nothing_that_passes_for_data(
    opened: Server, tmp_path: Path
) -> None:
    move = Move(opened, "18", tmp_path / "volume")
    begun = time.monotonic()
    for _ in (job := move.start()).lines():
        pass
    whole = time.monotonic() - begun
    assert job.end().status == 0
    Hook(opened).apply()
    killed = finished = 0
    with pod("18", tmp_path) as new:
        for moment in range(1, MOMENTS + 1):
            job = move.start()
            time.sleep(whole * moment / (MOMENTS + 1))
            with suppress(OSError):  # it has ended
                job.kill()
            done = job.end()
            killed += done.status == 137
            if done.status == 0:  # the first one took longer
                whole *= 0.8
            if is_closed(opened):
                finished += 1
                assert (move.folder / "data" / "billdb-moved").is_file()
                Hook(opened).apply()
            assert writes(opened)
            if not (move.folder / "data").exists():
                refused = new.run(PREPARE, MOVED_FROM="postgresql-bill-inquiry-pvc")
                told = "the data were to be moved here from the claim postgresql-bill-inquiry-pvc, and are not"
                assert (refused.status, told in refused.log) == (1, True), refused.log
    assert killed >= MOMENTS / 2, (killed, finished)
    done = move.run()
    assert done.status == 0, done.log
