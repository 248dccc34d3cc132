"""The Go programs that the local Kubernetes is made of: built from pinned modules, cached for every checkout."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

from harness import paths
from harness.local import gotoolchain
from harness.local.machine import MachineError, require_disk
from harness.progress import say, step

MODULES = paths.ROOT / "harness" / "tools"


@dataclass(frozen=True)
class Module:
    """A folder of harness/tools: the programs it builds, as {program: package}, and the linker's -X settings."""

    name: str
    packages: dict[str, str]
    settings: tuple[str, ...] = ()


def _kubernetes(version: str, *programs: str) -> Module:
    major, minor, _ = version.split(".")
    return Module(
        "kubernetes",
        {name: f"k8s.io/kubernetes/cmd/{name}" for name in programs},
        (
            f"k8s.io/component-base/version.gitVersion=v{version}",
            f"k8s.io/component-base/version.gitMajor={major}",
            f"k8s.io/component-base/version.gitMinor={minor}",
        ),
    )


def _helm(name: str, version: str, path: str, common: str, kube_minor: str) -> Module:
    return Module(
        name,
        {name: f"{path}/cmd/helm"},
        (
            f"{path}/internal/version.version=v{version}",
            f"{common}.k8sVersionMajor=1",
            f"{common}.k8sVersionMinor={kube_minor}",
        ),
    )


ALL = (
    _kubernetes(
        "1.34.4",
        "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
    ),
    _helm("helm", "4.3.1", "helm.sh/helm/v4", "helm.sh/helm/v4/pkg/chart/common", "34"),
    Module("coredns", {"coredns": "github.com/coredns/coredns"}),
    Module("kube-router", {"kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"}),
    Module("local-path-provisioner", {"local-path-provisioner": "github.com/rancher/local-path-provisioner"}),
    Module("registry", {"registry": "github.com/distribution/distribution/v3/cmd/registry"}),
    Module("pause", {"pause": "."}),
    Module("kube-score", {"kube-score": "github.com/zegl/kube-score/cmd/kube-score"}),
    _helm("helm3", "3.22.0", "helm.sh/helm/v3", "helm.sh/helm/v3/pkg/chartutil", "34"),
)  # fmt: skip


def install(modules: Iterable[str] = tuple(module.name for module in ALL)) -> None:
    """Put the programs of these modules (names of folders in harness/tools) into .local/bin.

    What the cache has is linked; the rest is built, which takes about 15 minutes for all of them on two cores.
    Raises MachineError when a build fails; the next run goes on with what is missing.
    """
    wanted = [module for module in ALL if module.name in set(modules)]
    paths.BIN.mkdir(parents=True, exist_ok=True)
    go = gotoolchain.find()
    cached = {module.name: paths.CACHE / "programs" / f"{module.name}-{_key(module)}" for module in wanted}
    missing = [module for module in wanted if not cached[module.name].is_dir()]
    if missing:
        (paths.CACHE / "programs").mkdir(parents=True, exist_ok=True)
        with (paths.CACHE / "lock").open("w") as lock:
            flock(lock, LOCK_EX)  # two runs build one after the other, and the second finds the first one's programs
            for number, module in enumerate(missing, 1):
                if not cached[module.name].is_dir():
                    _build(module, go or gotoolchain.install(), cached[module.name], f"{number} of {len(missing)}")
    for module in wanted:
        for program in module.packages:
            _place(cached[module.name] / program, paths.BIN / program)


def _key(module: Module) -> str:
    digest = hashlib.sha256(repr(module).encode())
    for file in ("go.mod", "go.sum"):
        digest.update((MODULES / module.name / file).read_bytes())
    return digest.hexdigest()[:16]


def _build(module: Module, go: str, target: Path, count: str) -> None:
    require_disk(paths.CACHE, 4)
    flags = " ".join(["-s", "-w", *(f"-X {setting}" for setting in module.settings)])
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [go, "build", "-mod=readonly", "-trimpath", "-ldflags", flags]
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local"}
    with step(f"build {', '.join(module.packages)} (module {count})"):
        for program, package in module.packages.items():
            say(f"  {program}")
            done = subprocess.run(
                [*command, "-o", str(partial / program), package],
                cwd=MODULES / module.name, env=environment, capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                raise MachineError(
                    f"building {program} in harness/tools/{module.name} failed:\n{done.stderr[-2000:]}\n"
                    "Fix what it says (network, disk), then run the same again: what was built is kept."
                )
    partial.rename(target)


def _place(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    try:
        new.hardlink_to(source)
    except OSError:  # the cache is on another file system
        shutil.copy2(source, new)
    new.rename(target)


if __name__ == "__main__":
    install(sys.argv[1:] or tuple(module.name for module in ALL))
