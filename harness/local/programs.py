"""The Go programs that the harness runs: built from pinned modules, cached for every checkout."""

import hashlib
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import exit_status, paths
from harness.local import cache, gobuild, gotoolchain
from harness.local.machine import MachineError, require_disk
from harness.progress import step

TOOLS = paths.ROOT / "harness" / "tools"
MAJOR_VERSION = re.compile(r"/v\d+$")  # at the end of a module's path; its program is called by what stands before it


@dataclass(frozen=True)
class Module:
    """A folder of harness/tools and its programs as {name: package}; names of the same package are one file.

    `settings` are set by the linker, as {upstream module: settings}; {version}, {major} and {minor} in them are that module's.
    `patches` are {upstream module: folder of the folder}, whose files are laid over that module's sources.
    """

    folder: str
    programs: Mapping[str, str]
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = field(default=(), repr=False)
    patches: Mapping[str, str] = field(default_factory=dict, repr=False)

    def key(self) -> str:
        """Everything that decides what is built, as 16 hexadecimal digits."""
        special = f"{self.tags} {self.patches}" if self.tags or self.patches else ""
        digest = hashlib.sha256(f"{self!r} {gobuild.OPTIONS}{special}".encode())
        for file in sorted(file for file in (TOOLS / self.folder).rglob("*") if file.is_file()):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:16]


KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
MODULES = (
    Module("pause", {"pause": "billdb/tools/pause"}),  # first: the images, built beside the rest, need it
    Module("restic", {"restic": "github.com/restic/restic/cmd/restic"}),  # and this one
    Module(  # one module, so that every library is compiled once for all of them
        "cluster",
        dict.fromkeys(KUBERNETES, "billdb/tools/cluster/kubernetes")
        | {
            "helm": "helm.sh/helm/v4/cmd/helm",
            "coredns": "billdb/tools/cluster/coredns",
            "kube-router": "billdb/tools/cluster/kube-router",
        },
        {
            "k8s.io/kubernetes": tuple(
                f"k8s.io/{package}.git{part}"
                for package in ("component-base/version", "client-go/pkg/version")
                for part in ("Version={version}", "Major={major}", "Minor={minor}")
            ),
            "helm.sh/helm/v4": ("helm.sh/helm/v4/internal/version.version={version}",),
        },
    ),
    Module(  # of the same folder, but go builds it by itself only: it imports logrus by a name in other letters
        "cluster",
        {"local-path-provisioner": "github.com/rancher/local-path-provisioner"},
        {"github.com/rancher/local-path-provisioner": ("main.VERSION={version}",)},
    ),
    Module(  # by itself: in one program with KUBERNETES it would take twice as long to start, and is started all the time
        "cluster",
        {"kubectl": "k8s.io/kubernetes/cmd/kubectl"},
        {
            "k8s.io/kubernetes": tuple(
                f"k8s.io/component-base/version.git{part}" for part in ("Version={version}", "Major={major}", "Minor={minor}")
            )
        },
    ),
    Module(
        "csi",
        {
            "csi-driver": "billdb/tools/csi/driver",
            "snapshot-controller": "github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller",
            "csi-snapshotter": "github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter",
            "csi-provisioner": "github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner",
        },
    ),
    Module(
        "registry",
        {"registry": "billdb/tools/registry"},
        {"github.com/distribution/distribution/v3": ("github.com/distribution/distribution/v3/version.version={version}",)},
    ),
    Module(
        "versitygw",
        {"versitygw": "github.com/versity/versitygw/cmd/versitygw"},
        {"github.com/versity/versitygw": ("main.Version={version}",)},
    ),
    Module(  # the metrics' exporter by itself, for `up` may need no more of these
        "monitoring",
        {"postgres_exporter": "github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter"},
        {"github.com/prometheus-community/postgres_exporter": ("github.com/prometheus/common/version.Version={version}",)},
    ),
    Module(  # one module with Kubernetes' libraries as the cluster has them, compiled already
        "monitoring",
        {
            "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
            "promtool": "github.com/prometheus/prometheus/cmd/promtool",
            "alertmanager": "github.com/prometheus/alertmanager/cmd/alertmanager",
            "prometheus-operator": "github.com/prometheus-operator/prometheus-operator/cmd/operator",
            "prometheus-config-reloader": "github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader",
            "kube-state-metrics": "k8s.io/kube-state-metrics/v2",
            "pint": "github.com/cloudflare/pint/cmd/pint",
        },
        tags=("remove_all_sd", "enable_kubernetes_sd"),  # Prometheus without the interfaces of every cloud
        patches={
            "k8s.io/kube-state-metrics/v2": "kube-state-metrics",
            "github.com/prometheus/alertmanager": "alertmanager",  # its module has no pages, and wants a file there
        },
    ),
    Module("receiver", {"receiver": "billdb/tools/receiver"}),
    Module(  # with Kubernetes' libraries as the cluster has them, compiled already: newer ones than upstream's
        "cert-manager",
        {"cert-manager": "billdb/tools/cert-manager"},
        {"github.com/cert-manager/cert-manager": ("github.com/cert-manager/cert-manager/pkg/util.AppVersion={version}",)},
    ),
    Module("cloudnative-pg", {"cloudnative-pg": "github.com/cloudnative-pg/cloudnative-pg/cmd/manager"}),
    Module("cloudnative-pg", {"barman-cloud-plugin": "github.com/cloudnative-pg/plugin-barman-cloud/cmd/manager"}),
    Module(
        "kube-score",
        {"kube-score": "github.com/zegl/kube-score/cmd/kube-score"},
        {"github.com/zegl/kube-score": ("main.version={version}",)},
    ),
    Module(  # with those libraries too
        "helm3",
        {"helm3": "helm.sh/helm/v3/cmd/helm"},
        {
            "helm.sh/helm/v3": ("helm.sh/helm/v3/internal/version.version={version}",),
            # Without a cluster Helm takes its client library's Kubernetes version. Helm 4 reads it from the build, Helm 3
            # is told by its Makefile: client-go 0.37 is Kubernetes 1.37.
            "k8s.io/client-go": (
                "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={minor}",
                "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor={minor}",
            ),
        },
    ),
)
ALL = tuple(program for module in MODULES for program in module.programs)


def install(names: Iterable[str] = ALL) -> None:
    """Put the programs of these names into .local/bin.

    What the cache has is linked, the rest is built: with nothing cached, 712 s of CPU for those of `up`.
    Raises MachineError for a name not in ALL, and when a build fails: the next run goes on with what is missing.
    """
    wanted = set(names)
    if unknown := wanted - set(ALL):
        raise MachineError(f"no program named {', '.join(sorted(unknown))}; there are: {', '.join(ALL)}")
    cached = {
        program: paths.CACHE / "programs" / f"{module.folder}-{module.key()}" / program
        for module in MODULES
        for program in module.programs
        if program in wanted
    }
    if not all(file.exists() for file in cached.values()):
        with cache.locked("programs"):
            _build_missing(cached)
    paths.BIN.mkdir(parents=True, exist_ok=True)
    for program, file in cached.items():
        _place(file, paths.BIN / program)


def _build_missing(cached: Mapping[str, Path]) -> None:
    """Build what is not there now; whoever held the lock before may have built some of it."""
    missing = {program: file for program, file in cached.items() if not file.exists()}
    jobs = [(module, [name for name in module.programs if name in missing]) for module in MODULES]
    jobs = [(module, programs) for module, programs in jobs if programs]
    if not jobs:
        return
    go = gotoolchain.find() or gotoolchain.install()
    for number, (module, programs) in enumerate(jobs, 1):
        require_disk(paths.CACHE, 4)  # the largest module, with its downloads
        packages = {name: module.programs[name] for name in programs}
        target = missing[programs[0]].parent
        target.mkdir(exist_ok=True)
        built = target.parent / "unfinished"
        shutil.rmtree(built, ignore_errors=True)
        with step(f"build {', '.join(programs)} (module {number} of {len(jobs)})"):
            settings = _linker_settings(go, module)
            wanted = sorted(set(packages.values()))
            gobuild.build(go, TOOLS / module.folder, wanted, settings, built, module.tags, module.patches)
            for name, package in packages.items():
                (target / name).hardlink_to(built / MAJOR_VERSION.sub("", package).rpartition("/")[2])
        shutil.rmtree(built)


def _linker_settings(go: str, module: Module) -> list[str]:
    settings = []
    for upstream, templates in module.settings.items():
        version = gobuild.version(go, TOOLS / module.folder, upstream)
        major, minor, _ = version.removeprefix("v").split(".", 2)
        settings += [template.format(version=version, major=major, minor=minor) for template in templates]
    return settings


def _place(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    with TemporaryDirectory(dir=target.parent) as own:  # others may be placing the same
        new = Path(own) / target.name
        try:
            new.hardlink_to(source)
        except OSError:  # the cache is on another file system
            shutil.copy2(source, new)
        new.rename(target)


if __name__ == "__main__":
    sys.exit(exit_status.of("programs", lambda: install(sys.argv[1:] or ALL)))
