"""Runs other programs: whatever goes wrong with one is an error that names its command line."""

import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from harness.errors import UserError

LAST_WORDS = 30  # seconds that a program gets to end by itself once it is interrupted: helm marks its release then


class CommandError(UserError):
    """A program failed: the message has its command line and all that it printed."""


def run(
    command: Sequence[str],
    stdin: str = "",
    timeout: float = 300,
    environment: Mapping[str, str] | None = None,
    errors_too: bool = False,
) -> str:
    """Run a program and return its standard output; `errors_too`: with its standard error.

    Raises CommandError when it fails, is not there, or does not end within `timeout` seconds. On Ctrl-C it gets
    the signal too, and its end is awaited.
    """
    shown = shlex.join(command)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
    except OSError as error:
        raise CommandError(f"{shown}\ncannot be run: {error.strerror}") from None
    try:
        output, errors = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        raise CommandError(f"{shown}\ndid not end within {timeout:g} s; it had printed:\n{_kill(process)}".rstrip()) from None
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)  # a terminal sends it to both, `kill` to this process alone
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=LAST_WORDS)
        raise
    finally:
        _kill(process)
    if process.returncode:
        raise CommandError(f"{shown}\nexited with {process.returncode}:\n{output}{errors}")
    return output + errors if errors_too else output


def _kill(process: subprocess.Popen[str]) -> str:
    """End the process; returns what it printed, without waiting for children of its own that keep its output open."""
    if process.poll() is not None:
        return ""
    process.kill()
    try:
        return "".join(process.communicate(timeout=5))
    except subprocess.TimeoutExpired:
        return ""
