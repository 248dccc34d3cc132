"""`nox -s up`: brings a Kubernetes up and installs the chart on it, or on the cluster of --kubeconfig."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from harness import clients, exit_status, high_availability, image, install, kind, paths, proxy
from harness.errors import UserError
from harness.kubernetes import Cluster
from harness.local import cluster, image_copies, images, node, nodes, packages, program_images
from harness.local.components import CONTAINERD
from harness.progress import say

ENGINES = ("kind", "local")


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="nox -s up --", allow_abbrev=False)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--kubeconfig", type=Path, help="use this cluster and build none")
    where.add_argument(
        "--engine",
        choices=ENGINES,
        help="what runs Kubernetes: kind in a docker engine, or this machine (default: kind where it can)",
    )
    parser.add_argument("--cluster-only", action="store_true", help="stop when Kubernetes runs")
    parser.add_argument("--ha", action="store_true", help="three servers by CloudNativePG on this machine, and a failover to see")
    parser.add_argument("--nodes", type=int, default=1, metavar="N", help="have N nodes on this machine (default: %(default)s)")
    parser.add_argument("--node-size", choices=["B2s"], help="those beside the first are no larger than Azure's Standard_B2s")
    parser.add_argument("--namespace", default=install.NAMESPACE, help="namespace of the release (default: %(default)s)")
    parser.add_argument("--values", type=_file, action="append", dest="files", default=[], metavar="FILE", help="given to helm")
    parser.add_argument(
        "--preset", type=_preset, action="append", dest="files", metavar="NAME", help="presets/NAME.yaml, the same"
    )
    options = parser.parse_args(given)
    if options.ha and (options.kubeconfig or options.engine == "kind"):
        parser.error("--ha brings its own operator to this machine's Kubernetes; for another one: docs/high-availability.md")
    if options.nodes > 1 and (options.kubeconfig or options.engine == "kind"):
        parser.error("--nodes adds nodes to this machine's Kubernetes: leave --kubeconfig and --engine=kind away")
    if not 1 <= options.nodes < nodes.LAST:
        parser.error(f"--nodes={options.nodes}: from 1 to {nodes.LAST - 1}")
    return options


def _file(name: str) -> Path:
    if not Path(name).is_file():
        raise argparse.ArgumentTypeError(f"no file {name}")
    return Path(name).resolve()


def _preset(name: str) -> Path:
    file = paths.PRESETS / f"{name}.yaml"
    if not file.is_file():
        raise argparse.ArgumentTypeError(
            f"no preset {name}; there are: {', '.join(sorted(f.stem for f in file.parent.iterdir()))}"
        )
    return file


def engine(asked: str | None) -> str:
    """What is to run Kubernetes: what was asked for, what runs already, or kind where it can. Raises UserError."""
    runs_here = node.current() is not None
    without = kind.missing()
    if asked == "kind" and without:
        raise UserError(f"--engine=kind needs {without}")
    if asked == "kind" and runs_here:
        raise UserError("the local Kubernetes runs; end it with `nox -s down` first")
    if asked == "local" and not without and kind.exists():
        raise UserError(f"the cluster {kind.NAME} of kind runs; end it with `nox -s down` first")
    return asked or ("local" if runs_here or without else "kind")


def up(options: argparse.Namespace) -> None:
    """Do what the command line says. Raises UserError."""
    begun = time.monotonic()
    os.environ.update(proxy.exceptions())
    if options.kubeconfig:
        clients.provide(options.kubeconfig)
        if not options.cluster_only:
            install.install(Cluster(options.kubeconfig.resolve(), options.namespace), options.files)
    elif engine("local" if options.ha else options.engine) == "kind":
        kind.start()
        clients.provide(paths.KUBECONFIG)
        for name in kind.nodes():
            for wanted in image.of_release(options.files):
                image.provide(wanted, ["docker", "exec", name, "ctr"], partial(_load_into_kind, wanted))
        _install_on_own(options)
    else:
        with cluster.only_one():
            cluster.start()
            running = node.first()
            nodes.ensure(options.nodes, options.node_size == "B2s")
            if options.ha:
                high_availability.show(Cluster(paths.KUBECONFIG, high_availability.NAMESPACE))
                return
            socket = f"/proc/{running.pid}/root{CONTAINERD}"  # asked from outside the node, which has no way to a registry
            for wanted in image.of_release(options.files):
                image.provide(wanted, [packages.program("ctr"), f"--address={socket}"], partial(_load, running, wanted))
            for other in node.everywhere()[1:]:
                image_copies.give(other)
            _install_on_own(options)
    say(f"all of it took {time.monotonic() - begun:.1f} s")


def _load_into_kind(name: str) -> None:
    kind.load(_stand_in(name)[name])


def _load(running: node.Node, name: str) -> None:
    cluster.load(running, _stand_in(name))


def _stand_in(name: str) -> dict[str, Path]:
    return program_images.of(name, "postgres_exporter") if name == image.exporter() else images.archives()


def _install_on_own(options: argparse.Namespace) -> None:
    if options.cluster_only:
        return
    release = Cluster(paths.KUBECONFIG, options.namespace)
    install.end_interrupted(release)
    install.install(release, options.files)


def main() -> int:
    """Return the exit status."""
    options = arguments()
    return exit_status.of("up", lambda: up(options), "run it again to go on, or `nox -s down` to remove what there is")


if __name__ == "__main__":
    sys.exit(main())
