"""`nox -s down`: ends the local Kubernetes and leaves nothing of it behind."""

import sys

from harness.local import cluster
from harness.local.machine import MachineError
from harness.waiting import WaitError


def main() -> int:
    """Return the exit status."""
    try:
        cluster.stop()
    except (MachineError, WaitError) as error:
        print(f"down: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
