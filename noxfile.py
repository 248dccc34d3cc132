# /// script
# requires-python = ">=3.11"
# dependencies = ["nox==2026.10.20"]
# ///
"""What a person does with this repository: `nox -l` lists it."""

import nox

nox.needs_version = ">=2026.10"
nox.options.sessions = ["lint", "test"]
nox.options.reuse_existing_virtualenvs = True

CLUSTER_TESTS = ("kubectl", "helm3", "registry", "cert-manager")  # programs that tests/cluster runs


def _install(session: nox.Session, lock: str) -> None:
    session.install("--quiet", "--require-hashes", "-r", f"requirements/{lock}.lock")


@nox.session
def up(session: nox.Session) -> None:
    """Start a Kubernetes on this machine, install the chart on it and show what there is [-- --kubeconfig=FILE]."""
    _install(session, "local")
    session.run("python", "-m", "harness.up", *session.posargs)


@nox.session
def down(session: nox.Session) -> None:
    """End this machine's Kubernetes and remove its state."""
    _install(session, "local")
    session.run("python", "-m", "harness.down")


@nox.session
def test(session: nox.Session) -> None:
    """Run the tests, all tiers; arguments go to pytest [-- tests/render | -- --kubeconfig=FILE]."""
    _install(session, "lint")
    on_cluster = _runs("tests/cluster", session.posargs)
    session.run("python", "-m", "harness.local.programs", "helm", *(CLUSTER_TESTS if on_cluster else ()))
    if on_cluster and not any(argument.startswith("--kubeconfig") for argument in session.posargs):
        session.run("python", "-m", "harness.up", "--cluster-only")
    if _runs("tests/database", session.posargs):
        session.run("python", "-m", "harness.local.images", "14", "15", "16", "17", "18")
    pytest = ("python", "-m", "pytest", *session.posargs)
    if all(argument.startswith("--kubeconfig") for argument in session.posargs):
        # Those that wait for a cluster run side by side, a module each; those that keep a machine busy have it to themselves.
        session.run(*pytest, "--numprocesses=3", "--dist=loadfile", "tests/values", "tests/render", "tests/cluster")
        session.run(*pytest, "tests/database")
    else:
        session.run(*pytest)


def _runs(tier: str, arguments: list[str]) -> bool:
    paths = [argument for argument in arguments if argument.startswith("tests")]
    return not paths or any(path.startswith(tier) or path.rstrip("/") == "tests" for path in paths)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the chart, its rendered objects, the SQL, the shell scripts and the Python."""
    _install(session, "lint")
    session.run("python", "-m", "harness.local.programs", "helm", "kube-score")
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
    """Measure installation, rendering and security, or what is named [-- schema | recovery | compare | up]: RESULTS.md."""
    _install(session, "lint")  # recovery is measured in containers, as the tests run them
    session.run("python", "-m", "harness.local.programs", "helm")
    named = set(session.posargs)
    if named & {"install", "security", "compare"} or not named & {"schema", "template", "recovery", "up"}:
        session.run("python", "-m", "harness.up", "--cluster-only")
    session.run("python", "-m", "benchmarks.run", *session.posargs)


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
    for group in ("local", "lint", "checkov"):
        session.run(
            "uv", "pip", "compile", "--quiet", "--group", group, "--generate-hashes", "--no-header",
            "--python-version=3.11", f"--output-file=requirements/{group}.lock",
        )  # fmt: skip
