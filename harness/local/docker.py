"""A docker engine of this checkout's own, for the tests that start servers in containers.

It runs in namespaces whose first process is the engine and that end with the program that started it, however that ends: no
container, mount or process can be left behind. It has no bridge and no firewall rules: containers get no network.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path

from harness import paths
from harness.local import archive, cgroups, images, machine, packages
from harness.local.machine import MachineError
from harness.local.node import APPARMOR
from harness.progress import step
from harness.waiting import wait_for

STATE = paths.LOCAL / "docker"
LOG = paths.LOCAL / "logs" / "dockerd.log"
CGROUP = f"billdb-docker-{sha256(str(paths.ROOT).encode()).hexdigest()[:8]}"


@contextmanager
def engine(majors: Sequence[str]) -> Iterator[str]:
    """Run an engine that has PostgreSQL's images of these majors; gives its address for DOCKER_HOST.

    One at a time a checkout: a second one waits. Raises MachineError when the engine does not come up.
    """
    machine.debian()
    machine.require_root()
    machine.ensure_packages(machine.DOCKER)
    archives = images.archives(majors)
    STATE.mkdir(parents=True, exist_ok=True)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        _remove_remains()
        cgroups.create(CGROUP)
        with LOG.open("wb") as output:
            process = subprocess.Popen(_command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment())
        try:
            wait_for(lambda: _answers(process), "the docker engine to answer", seen=_end_of_log)
            _docker("container", "prune", "--force")  # of a run that was killed
            with step(f"load the images of PostgreSQL {', '.join(majors)}"):
                _load({name: file for name, file in archives.items() if name.startswith("docker.io/")})
            yield _address()
        finally:
            process.kill()
            process.wait()
            _remove_remains()


def _address() -> str:
    return f"unix://{STATE / 'socket'}"


def _command() -> list[str]:
    # Killed with this program; then --kill-child and the kernel end the engine and everything in its process namespace.
    namespaces = ["setpriv", "--pdeathsig=KILL", "unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child"]
    places = [f"--host={_address()}", *(f"--{option}={STATE / name}" for option, name in _PLACES.items())]
    no_network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
    driver = ["--exec-opt=native.cgroupdriver=cgroupfs", f"--cgroup-parent=/{CGROUP}"]
    start = (
        f"[ ! -e {APPARMOR} ] || mount --bind /dev/null {APPARMOR}; exec {shlex.join(['dockerd', *places, *no_network, *driver])}"
    )
    return cgroups.joining(CGROUP, [*namespaces, "bash", "-c", start])


def _environment() -> dict[str, str]:
    return os.environ | {"PATH": machine.search_path(packages.docker())}


_PLACES = {"data-root": "data", "exec-root": "run", "pidfile": "pid"}


def _answers(process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise MachineError(f"the docker engine ended; the end of {LOG}:\n{_end_of_log()}")
    return _docker("version").returncode == 0


def _end_of_log() -> str:
    return LOG.read_text(errors="replace")[-2000:]


def _load(wanted: Mapping[str, Path]) -> None:
    """Load images that the engine does not have."""
    listed = _docker("image", "ls", "--no-trunc", "--format={{.Repository}}:{{.Tag}} {{.ID}}").stdout.decode()
    stored = {_full(name): identity for name, identity in (line.split() for line in listed.splitlines())}
    archive.load(wanted, stored, [_client(), f"--host={_address()}", "load", "--input"])


def _full(name: str) -> str:
    return f"docker.io/{name}" if "/" in name else f"docker.io/library/{name}"


def _docker(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([_client(), f"--host={_address()}", *arguments], capture_output=True)


def _client() -> str:
    return str(packages.docker() / "usr/bin/docker")


def _remove_remains() -> None:
    """Remove what an engine left that was killed: its run-time state and control groups."""
    for name in ("run", "pid", "socket"):
        shutil.rmtree(STATE / name, ignore_errors=True)
        with suppress(FileNotFoundError):
            (STATE / name).unlink()
    cgroups.remove(CGROUP)
