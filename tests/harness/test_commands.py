"""Programs that fail, hang, are not there or are interrupted; and how the harness itself then ends."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness import commands, exit_status, paths
from harness.commands import CommandError
from harness.errors import UserError
from harness.waiting import wait_for


def test_a_failure_names_the_command_and_all_that_it_printed() -> None:
    with pytest.raises(CommandError) as error:
        commands.run(["bash", "-c", "echo said; echo why >&2; exit 3"])
    assert str(error.value) == "bash -c 'echo said; echo why >&2; exit 3'\nexited with 3:\nsaid\nwhy\n"


def test_a_command_that_hangs_is_an_error_that_names_it() -> None:
    with pytest.raises(CommandError) as error:
        commands.run(["bash", "-c", "echo begun; exec sleep 1000"], timeout=0.5)
    assert str(error.value) == "bash -c 'echo begun; exec sleep 1000'\ndid not end within 0.5 s; it had printed:\nbegun"


def test_a_program_that_is_not_there_is_an_error_that_names_it() -> None:
    with pytest.raises(CommandError, match=r"^no-such-program --at-all\ncannot be run: No such file or directory$"):
        commands.run(["no-such-program", "--at-all"])


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (UserError("no cluster"), (1, "up: no cluster\n")),
        (OSError(errno.ENOSPC, "No space left on device", "/var"), (1, "up: [Errno 28] No space left on device: '/var'\n")),
        (subprocess.CalledProcessError(2, "tar"), (1, "up: Command 'tar' returned non-zero exit status 2.\n")),
        (KeyboardInterrupt(), (130, "up: interrupted; run it again\n")),
    ],
    ids=["what a user can meet", "full disk", "a program's failure", "Ctrl-C"],
)
def test_what_a_person_can_meet_ends_with_a_sentence(
    raised: BaseException, told: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise raised

    assert (exit_status.of("up", work), capsys.readouterr().err) == told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_an_interrupted_program_ends_by_itself_before_the_harness_does(tmp_path: Path, number: signal.Signals) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    # Its input ends once the harness awaits it, which a busy machine may let be later than its start.
    script = f"trap 'echo by itself > {ended}; exit' INT; cat; echo > {begun}; while :; do sleep 0.1; done"
    source = f"""
import sys
from harness import commands, exit_status
sys.exit(exit_status.of("up", lambda: commands.run(["bash", "-c", {script!r}])))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", source], cwd=paths.ROOT, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    wait_for(begun.exists, "the program's start")
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "up: interrupted; run it again\n")
    assert ended.read_text() == "by itself\n"
