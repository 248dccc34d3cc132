"""The images of the first node on another."""

import subprocess

from harness.local import packages
from harness.local.machine import MachineError
from harness.local.node import Node, first
from harness.local.node_components import CONTAINERD


def give(running: Node) -> None:
    """Give a node the images of the first: as they are, also those that came from a registry."""
    main = first()
    ctr = (packages.program("ctr"), f"--address={CONTAINERD}", "--namespace=k8s.io", "images")

    def names(of: Node) -> set[str]:
        listed = subprocess.run(of.command(*ctr, "list", "--quiet"), capture_output=True, text=True, check=True).stdout
        return {name for name in listed.split() if not name.startswith("sha256:")}

    for name in sorted(names(main) - names(running)):
        with subprocess.Popen(main.command(*ctr, "export", "-", name), stdout=subprocess.PIPE) as export:
            done = subprocess.run(running.command(*ctr, "import", "-"), stdin=export.stdout, capture_output=True, text=True)
        if done.returncode or export.returncode:
            raise MachineError(f"{name} cannot be copied to a node: {done.stderr.strip()}")
