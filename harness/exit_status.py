"""How a program of the harness ends: with a sentence and a status, whatever a person can meet."""

import signal
import subprocess
import sys
from collections.abc import Callable

from harness.errors import UserError


def of(name: str, work: Callable[[], object], go_on: str = "run it again") -> int:
    """Do the work and return the exit status: 0, 1 with the error in words, or 130 with `go_on` after Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        work()
    except (UserError, OSError, subprocess.SubprocessError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{name}: interrupted; {go_on}", file=sys.stderr)
        return 130
    return 0
