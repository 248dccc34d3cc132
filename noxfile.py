# /// script
# requires-python = ">=3.11"
# dependencies = ["nox==2026.10.20"]
# ///
"""What a person does with this repository: `nox -l` lists it."""

import argparse
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"
nox.options.sessions = ["lint", "test"]
nox.options.reuse_existing_virtualenvs = True

CSI = ("csi-driver", "snapshot-controller", "csi-snapshotter", "csi-provisioner")
MONITORING = (
    "postgres_exporter",
    "prometheus",
    "alertmanager",
    "prometheus-operator",
    "prometheus-config-reloader",
    "kube-state-metrics",
    "receiver",
)
CLOUDNATIVEPG = ("cloudnative-pg", "barman-cloud-plugin")
CLUSTER_TESTS = (
    "helm3",
    "registry",
    "cert-manager",
    "restic",
    "versitygw",
    *CSI,
    *MONITORING,
    *CLOUDNATIVEPG,
)  # that tests/cluster runs beside helm
FAST = ("tests/values", "tests/render", "tests/harness")
IN_ORDER = "--no-loadscope-reorder"  # pytest-xdist's own order is by the number of tests
FEW_COLLECTIONS = {"GOGC": "400"}  # helm and kubectl, begun thousands of times, spend a fifth of their work on garbage otherwise
NICE = ("nice", "--adjustment=5")
DATABASE_LOG = Path(".local/logs/test-database.log")
LAST_WORDS = 60  # seconds after Ctrl-C for what runs to end by itself


def _install(session: nox.Session, lock: str) -> None:
    session.install("--quiet", "--require-hashes", "-r", f"requirements/{lock}.lock")


@nox.session
def up(session: nox.Session) -> None:
    """Start a Kubernetes, install the chart on it and show what there is [-- --engine=kind|local | --kubeconfig=FILE; --help]."""
    _install(session, "local")
    session.run("python", "-m", "harness.up", *session.posargs, interrupt_timeout=LAST_WORDS)


@nox.session
def down(session: nox.Session) -> None:
    """End the Kubernetes that `up` started and remove its state."""
    _install(session, "local")
    session.run("python", "-m", "harness.down", interrupt_timeout=LAST_WORDS)


@nox.session
def test(session: nox.Session) -> None:
    """Run the tests, all tiers; arguments go to pytest [-- tests/render | -- --kubeconfig=FILE]."""
    _install(session, "lint")
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--kubeconfig")
    options, others = parser.parse_known_args(session.posargs)
    on_cluster = _runs("tests/cluster", others)
    if not on_cluster:
        session.run("python", "-m", "harness.local.programs", "helm")
    elif options.kubeconfig:
        session.run("python", "-m", "harness.clients", options.kubeconfig)
    else:
        session.run("python", "-m", "harness.up", "--cluster-only", interrupt_timeout=LAST_WORDS)
    if _runs("tests/database", others):
        session.run("python", "-m", "harness.local.images", "14", "15", "16", "17", "18")
    pytest = ("python", "-m", "pytest", *session.posargs)
    programs = ("python", "-m", "harness.local.programs", *CLUSTER_TESTS)
    if others:
        if on_cluster:
            session.run(*programs)
        session.run(*pytest, env=FEW_COLLECTIONS)
        return
    # Those of the cluster wait most of the time, those of the database compute: side by side both are done sooner, and the latter
    # are nice, for they have no time limits. The longest modules come first (tests/order.py), the fast tests fill the end.
    with _beside(session, DATABASE_LOG, *pytest, "--numprocesses=2", "--dist=loadgroup", IN_ORDER, "tests/database"):
        session.run(*programs)
        session.run(*pytest, "--numprocesses=5", "--dist=loadfile", IN_ORDER, "tests/cluster", *FAST, env=FEW_COLLECTIONS)


@contextmanager
def _beside(session: nox.Session, log: Path, *command: str) -> Iterator[None]:
    """Run a command of the session's environment, nicely, while the block runs; then print what it said, and fail if it did."""
    log.parent.mkdir(parents=True, exist_ok=True)
    session.log(f"beside what follows: {' '.join(command)} > {log}")
    with log.open("wb") as output:
        nicely = [*NICE, f"{session.bin}/{command[0]}", *command[1:]]
        process = subprocess.Popen(nicely, stdout=output, stderr=output, env=os.environ | FEW_COLLECTIONS)
    try:
        yield
    finally:
        failed = process.wait()
        session.log(f"{log}:\n{log.read_text()}")
    if failed:
        session.error(f"{' '.join(command)} failed: see {log}")


@nox.session
def azure(session: nox.Session) -> None:
    """Run the tests of backups and the archive in Azure Blob Storage, which azurite plays; arguments go to pytest."""
    _install(session, "lint")
    session.run("python", "-m", "harness.up", "--cluster-only", "--engine=local", interrupt_timeout=LAST_WORDS)
    session.run("python", "-m", "harness.local.azurite")
    modules = ("tests/cluster/test_backup_azure.py", "tests/cluster/test_cloudnativepg_azure.py")
    session.run("python", "-m", "pytest", "-m", "azure", *modules, *session.posargs)


def _runs(tier: str, arguments: list[str]) -> bool:
    paths = [argument for argument in arguments if argument.startswith("tests")]
    return not paths or any(path.startswith(tier) or path.rstrip("/") == "tests" for path in paths)


@nox.session
def mutate(session: nox.Session) -> None:
    """Change the chart for the worse, a few hundred times, and tell what the fast tests do not see [-- --of=server]."""
    _install(session, "lint")
    session.run("python", "-m", "harness.local.programs", "helm")
    session.run("python", "-m", "harness.mutate", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the chart, its rendered objects, the SQL, the shell scripts and the Python."""
    _install(session, "lint")
    session.run("python", "-m", "harness.local.programs", "helm", "kube-score", "promtool", "pint")
    session.run("python", "-m", "harness.lint")
    session.notify("checkov")


@nox.session
def checkov(session: nox.Session) -> None:
    """Scan the rendered chart with checkov; `lint` runs it too."""
    _install(session, "checkov")
    session.run("python", "-m", "harness.local.programs", "helm")
    session.run("python", "-m", "harness.checkov")


@nox.session
def state(session: nox.Session) -> None:
    """Write the schema of this chart's version, with rows, to tests/database/states: once a release."""
    _install(session, "lint")
    session.run("python", "-m", "harness.local.programs", "helm")
    session.run("python", "-m", "harness.database.states")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure installation, rendering and security, or parts [-- schema | recovery | backup | monitoring | ha | compare | up]."""
    _install(session, "lint")  # recovery is measured in containers, as the tests run them
    session.run("python", "-m", "harness.local.programs", "helm")
    named = set(session.posargs)
    if named & {"install", "security", "ha", "compare"} or not named & {
        "schema",
        "template",
        "recovery",
        "backup",
        "monitoring",
        "up",
    }:
        session.run("python", "-m", "harness.up", "--cluster-only", "--engine=local")
    session.run("python", "-m", "benchmarks.run", *session.posargs)


@nox.session
def picture(session: nox.Session) -> None:
    """Draw docs/dashboard.png from half an hour of a release under load, on the local Kubernetes."""
    _install(session, "lint")
    session.run("python", "-m", "harness.up", "--cluster-only", "--engine=local", interrupt_timeout=LAST_WORDS)
    session.run("python", "-m", "harness.local.programs", *CLUSTER_TESTS)
    session.run("python", "-m", "pytest", "tests/cluster/test_dashboard.py", env={"BILLDB_DASHBOARD_MINUTES": "30"})
    _install(session, "picture")
    session.run("python", "-m", "harness.dashboard.picture", ".local/dashboard.json", "docs/dashboard.png")


@nox.session
def package(session: nox.Session) -> None:
    """Make the chart's .tgz in dist/."""
    _install(session, "local")
    session.run("python", "-m", "harness.publish", "package")


@nox.session
def publish(session: nox.Session) -> None:
    """Push the chart to an OCI registry [-- oci://HOST/PATH]; a version that is there is refused."""
    _install(session, "local")
    session.run("python", "-m", "harness.publish", "push", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements/*.lock anew from pyproject.toml's groups."""
    session.install("uv==0.13.9")
    for group in ("local", "lint", "go", "checkov", "dumpers", "barman", "picture"):
        alone = ["--no-deps"] if group in ("dumpers", "barman") else []
        session.run(
            "uv", "pip", "compile", "--quiet", "--group", group, "--generate-hashes", "--no-header",
            "--python-version=3.11", f"--output-file=requirements/{group}.lock", *alone,
        )  # fmt: skip
