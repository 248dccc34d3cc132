"""Builds the programs of one Go module, telling how far it is."""

import json
import os
import re
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.local.machine import MachineError
from harness.progress import say

# Debugging information is not compiled, as it would not be linked; without inlining, Kubernetes' generated code compiles in
# two thirds of the time.
OPTIONS = ("-trimpath", "-gcflags=all=-dwarf=false", "-gcflags=k8s.io/...=-dwarf=false -l")
EVERY = 15.0  # seconds between two lines of progress
PACKAGE = re.compile(r"[\w.~/-]+\n?")  # with -v, go prints each package that it compiles on a line of its own


def build(
    go: str,
    module: Path,
    packages: Iterable[str],
    settings: Iterable[str],
    target: Path,
    tags: Iterable[str] = (),
    patches: Mapping[str, str] | None = None,
) -> None:
    """Build these packages of the folder `module` into the folder `target`, each named by its path's last element.

    `settings` are variables for the linker, as package.name=value; `patches` are {upstream module: folder of `module`}, whose
    files are laid over that module's sources. The programs are static and stripped. Raises MachineError with the end of what
    go says.
    """
    linker = " ".join(["-s", "-w", *(f"-X {setting}" for setting in settings)])
    options = [*OPTIONS, f"-tags={','.join(tags)}", "-ldflags", linker, "-o", f"{target}/"]
    with (
        _patched(go, module, patches or {}) as required,
        subprocess.Popen(
            [go, "build", "-v", "-mod=readonly", *required, *options, *packages],
            cwd=module, env=_environment(), stderr=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            messages = _follow(process, module.name)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise MachineError(
            f"building {module} failed:\n{messages}\n"
            "Do what it says (is the network reachable, the disk full?), then run the same again: it goes on from here."
        )


@contextmanager
def _patched(go: str, module: Path, patches: Mapping[str, str]) -> Iterator[list[str]]:
    """What tells go to take the patched sources: a go.mod that replaces those modules by copies, for go refuses to see changes
    in its cache."""
    if not patches:
        yield []
        return
    with TemporaryDirectory(prefix="billdb-go-") as own:
        required = Path(own) / "go.mod"
        shutil.copy(module / "go.sum", own)
        lines = [(module / "go.mod").read_text()]
        for number, (upstream, folder) in enumerate(patches.items()):
            place = Path(own) / str(number)
            shutil.copytree(source(go, module, upstream), place, copy_function=shutil.copyfile)
            for directory, _, _ in os.walk(place):
                Path(directory).chmod(0o755)  # go's cache is read-only
            shutil.copytree(module / folder, place, dirs_exist_ok=True)
            lines.append(f"replace {upstream} => {place}")
        required.write_text("\n".join([*lines, ""]))
        yield [f"-modfile={required}"]


def version(go: str, module: Path, upstream: str) -> str:
    """The version of the module `upstream` (its replacement's, where it has one) that the folder `module` requires."""
    template = "{{if .Replace}}{{.Replace.Version}}{{else}}{{.Version}}{{end}}"
    command = [go, "list", "-m", "-mod=readonly", "-f", template, upstream]
    done = subprocess.run(command, cwd=module, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"{module}/go.mod: no version of {upstream}:\n{done.stderr}")
    return done.stdout.strip()


def source(go: str, module: Path, upstream: str) -> Path:
    """The folder with the sources of the module `upstream` as `module` requires it, fetched where Go's cache lost them."""
    command = [go, "mod", "download", "-json", upstream]
    done = subprocess.run(command, cwd=module, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        raise MachineError(f"{module}/go.mod: no sources of {upstream}:\n{done.stdout}{done.stderr}")
    return Path(json.loads(done.stdout)["Dir"])


def _environment() -> dict[str, str]:
    """Only what is pinned counts: neither a workspace around the module's folder nor the person's own flags."""
    return os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _follow(process: subprocess.Popen[str], name: str) -> str:
    """Report what go downloads and compiles until it ends; returns the last lines of anything else that it said."""
    assert process.stderr
    downloaded = compiled = 0
    messages: deque[str] = deque(maxlen=30)
    told = time.monotonic()
    for line in process.stderr:
        if line.startswith("go: downloading "):
            downloaded += 1
        elif PACKAGE.fullmatch(line):
            compiled += 1
        else:
            messages.append(line)
        if time.monotonic() - told > EVERY:
            say(f"  {name}: {downloaded} modules downloaded, {compiled} packages compiled")
            told = time.monotonic()
    return "".join(messages)
