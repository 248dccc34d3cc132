"""Starts and stops the local Kubernetes."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from harness import paths
from harness.local import addons, archive, images, kernel, machine, node, packages, programs
from harness.local.components import CONTAINERD, NODE_NAME, STATE, prepare
from harness.local.machine import MachineError
from harness.local.node import Node
from harness.local.node_components import Component
from harness.progress import say, step
from harness.waiting import wait_for

LOGS = paths.LOCAL / "logs"
PROGRAMS = ("pause", "restic", *programs.KUBERNETES, "kubectl", "helm", "coredns", "kube-router", "local-path-provisioner")

LONGEST_ROOT = 60  # the kubelet's sockets lie below it, and a socket's path has 107 characters


def start() -> None:
    """Bring the local Kubernetes up: nothing to do when it answers, a fresh start of its processes when it does not.

    Objects and volumes of an earlier start are kept. To be called within only_one(). Raises MachineError with what to do when it
    cannot.
    """
    if len(str(paths.ROOT)) > LONGEST_ROOT:
        raise MachineError(f"{paths.ROOT} is too long a path ({LONGEST_ROOT} characters at most): clone to a shorter one")
    running = node.current()
    if running and _is_elsewhere(running):
        raise MachineError(f"the Kubernetes of {running.checkout} runs on this machine; end it there with `nox -s down`")
    machine.require_disk(paths.LOCAL, 3)
    machine.ensure_packages()
    kernel.require()
    with ThreadPoolExecutor(1) as beside:  # images wait for the network and the disk, compilers for the cores
        building = beside.submit(images.archives)
        programs.install(PROGRAMS)
    archives = building.result()
    if running and _answers(running):
        say("the local Kubernetes is up")
        return
    if running:
        say("the local Kubernetes does not answer: starting it again, with its data")
        node.destroy(running)
    begun = time.monotonic()
    try:
        _start_processes(archives)
    except BaseException:
        node.remove_remains()
        raise
    say(f"the local Kubernetes is up after {time.monotonic() - begun:.1f} s; kubeconfig: {paths.KUBECONFIG}")


def stop() -> None:
    """End the local Kubernetes and remove its state; the programs in .local/bin and the cache stay."""
    with only_one():
        running = node.current()
        if running and _is_elsewhere(running):
            raise MachineError(f"the Kubernetes that runs here is that of {running.checkout}; end it there with `nox -s down`")
        if running:
            node.destroy(running)
        else:
            node.remove_remains()
        shutil.rmtree(STATE, ignore_errors=True)
        paths.KUBECONFIG.unlink(missing_ok=True)
    say(f"the local Kubernetes is gone with its data. What stays:\n{_what_stays()}")


def _what_stays() -> str:
    installed = " ".join(sorted({*machine.PACKAGES, *machine.DOCKER, "btrfs-progs", "debootstrap", "npm"}))
    return f"""  {paths.BIN}: kubectl, helm and the other programs
  {paths.CACHE}: programs, images and unpacked Debian packages, for all checkouts; remove both folders to build anew
  the caches of Go and npm, of which other work may make use too: `go clean -cache -modcache`, `npm cache clean --force`
  of these Debian packages those that were missing and have been installed: {installed}
  the kernel's modules that were loaded, until the next boot"""


def _start_processes(archives: dict[str, Path]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    paths.RUN.mkdir(parents=True, exist_ok=True)
    components = {component.name: component for component in prepare()}
    created = node.create(LOGS / "node.log")
    environment = environment_of_processes()

    def up(*names: str) -> None:
        for name in names:
            created.start(name, components[name].command, LOGS / f"{name}.log", environment)
        for name in names:
            wait_until_up(created, components[name], LOGS / f"{name}.log")

    with step("start etcd, containerd and the API server"):
        up("etcd", "containerd", "kube-apiserver")
    with step("load the images"):
        load(created, archives)
    with step("start the node"):
        addons.apply()
        up("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "coredns")
        addons.wait_for_node(NODE_NAME)
        up("kube-router", "local-path-provisioner")  # both look for the node when they start


def environment_of_processes() -> dict[str, str]:
    """What containerd and the others need in theirs."""
    # containerd finds its shim and runc there. Collecting garbage was a fifth of their work, and memory is not what is short.
    return {"GOGC": "400", "PATH": machine.search_path(packages.unpacked(*packages.KUBERNETES))}


def load(running: Node, archives: dict[str, Path]) -> None:
    """Import images that containerd does not have: on this node, and with the first on all that any pod may come to.

    Raises MachineError.
    """
    with (paths.RUN / "loading").open("w") as lock:
        flock(lock, LOCK_EX)  # of two that import the same image at once, one is told that it exists already
        for each in node.everywhere() if running == node.current() else [running]:
            ctr = each.command(packages.program("ctr"), f"--address={CONTAINERD}", "--namespace=k8s.io", "images")
            listed = subprocess.run([*ctr, "list"], capture_output=True, text=True).stdout.splitlines()[1:]
            digests = {line.split()[0]: line.split()[2] for line in listed}
            # For the kubelet, containerd keeps each image under its id too.
            ids = {digest: name for name, digest in digests.items() if name.startswith("sha256:")}
            archive.load(archives, {name: ids.get(digest, "") for name, digest in digests.items()}, [*ctr, "import"])


def _answers(running: Node) -> bool:
    return all(_is_up(running, component) for component in prepare()) and addons.node_is_ready(NODE_NAME)


def _is_up(running: Node, component: Component) -> bool:
    if isinstance(component.probe, tuple):
        return subprocess.run(running.command(*component.probe), capture_output=True).returncode == 0
    probe = ["curl", "--silent", "--fail", "--insecure", "--max-time", "2", "--output", "/dev/null", component.probe]
    return subprocess.run(running.command(*probe), capture_output=True).returncode == 0


def wait_until_up(running: Node, component: Component, log: Path) -> None:
    """Wait for a process of a node. Raises WaitError with the end of its log."""

    def end_of_log() -> str:
        return f"the end of {log}:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:])

    wait_for(lambda: _is_up(running, component), f"{component.name} to come up", 120, end_of_log)


def _is_elsewhere(running: Node) -> bool:
    """Whether it is another checkout's, which is still there to end it."""
    return running.checkout != str(paths.ROOT) and Path(running.checkout).exists()


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the machine-wide lock of `up` and `down`. Raises MachineError that says who does, and without root or Debian."""
    machine.debian()
    machine.require_root()
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with (paths.RUN / "lock").open("a+") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise MachineError(f"another `up` or `down` is at work ({lock.read().strip()}); wait for its end") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()} in {paths.ROOT}")
        lock.flush()
        yield
