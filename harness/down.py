"""`nox -s down`: ends the Kubernetes that `up` started and leaves nothing of it behind."""

import sys

from harness import exit_status, kind
from harness.local import cluster


def down() -> None:
    """End kind's cluster where it is this checkout's, else the local Kubernetes. Raises UserError."""
    if not kind.missing() and kind.exists():
        kind.delete()
    else:
        cluster.stop()


def main() -> int:
    """Return the exit status."""
    return exit_status.of("down", down)


if __name__ == "__main__":
    sys.exit(main())
