"""`nox -s up`: brings the local Kubernetes up and installs the chart on it, or on the cluster of --kubeconfig."""

import argparse
import signal
import sys
import time
from pathlib import Path

from harness import install, paths
from harness.kubernetes import CommandError
from harness.local import cluster, programs
from harness.local.machine import MachineError
from harness.progress import say
from harness.waiting import WaitError


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="nox -s up --")
    parser.add_argument("--kubeconfig", type=Path, help="use this cluster and build none")
    parser.add_argument("--cluster-only", action="store_true", help="stop when Kubernetes runs")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    begun = time.monotonic()
    try:
        if options.kubeconfig:
            programs.install(["kubectl", "helm"])
            install.install(options.kubeconfig)
        else:
            with cluster.only_one():
                cluster.start()
                if not options.cluster_only:
                    install.end_interrupted(paths.KUBECONFIG)
                    install.install(paths.KUBECONFIG)
    except (MachineError, CommandError, WaitError) as error:
        print(f"up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("up: interrupted; run it again to go on, or `nox -s down` to remove what there is", file=sys.stderr)
        return 130
    say(f"all of it took {time.monotonic() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
