"""A pod's port on this machine, for clients that no image of the tests has."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from harness import paths
from harness.kubernetes import Cluster


@contextmanager
def forwarded(cluster: Cluster, target: str, port: int) -> Iterator[int]:
    """Have the port of `target` (KIND/NAME) at 127.0.0.1; yields its number there."""
    command = [str(paths.BIN / "kubectl"), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={cluster.namespace}"]
    command += ["port-forward", "--address=127.0.0.1", target, f":{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            told = process.stdout.readline()
            assert told.startswith("Forwarding from 127.0.0.1:"), told
            yield int(told.split(":")[1].split()[0])
        finally:
            process.terminate()
