"""Checks the chart, its rendered objects, the SQL, the shell scripts and the Python; prints every finding."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from harness import paths, supported, values_schema
from harness.dashboard import document as dashboard
from harness.helm_template import PREVIEW, template
from harness.progress import say, step

# kube-score's checks that do not hold here, each with its reason; nothing else is switched off.
EXCEPTIONS = {
    "container-ephemeral-storage-request-and-limit": "the only scratch space is an emptyDir for sockets and psql's history",
    "container-image-pull-policy": "IfNotPresent is the plan's: a database restarts also while the registry is away",
    "container-security-context-user-group-id": "official images run PostgreSQL as 999, and a volume's owner cannot be changed",
    "statefulset-has-servicename": "nobody connects to the copy of a snapshot; a test holds the server's",
    "pod-probes-identical": "the plan's readiness and liveness ask the same question with different timings",
}  # fmt: skip
EVERYTHING = paths.ROOT / "tests" / "render" / "everything-on.yaml"
RULES = "billdb.rules.yaml"


def main() -> int:
    """Run every check; 1 when any finds something."""
    presets = sorted(paths.PRESETS.glob("*.yaml"))
    scripts = [*paths.CHART.rglob("*.sh"), paths.ROOT / ".ci" / "run"]
    helm = str(paths.BIN / "helm")
    checks = {
        "helm lint": [helm, "lint", "--strict", str(paths.CHART)],
        **{f"helm lint with {p.name}": [helm, "lint", "--strict", str(paths.CHART), f"--values={p}"] for p in presets},
        "ruff check": [sys.executable, "-m", "ruff", "check", "."],
        "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "."],
        "mypy": [sys.executable, "-m", "mypy"],
        "yamllint": [
            sys.executable,
            "-m",
            "yamllint",
            "--strict",
            "chart/Chart.yaml",
            "chart/values.yaml",
            "chart/values.schema.yaml",
            "presets",
            "tests",
        ],
        "shellcheck": [
            str(Path(sys.executable).with_name("shellcheck")),
            "--external-sources",
            # In the pods the scripts of all folders lie together.
            "--source-path=SCRIPTDIR:SCRIPTDIR/..:SCRIPTDIR/../backup:SCRIPTDIR/../snapshot",
            *map(str, scripts),
        ],
        "sqlfluff": [
            sys.executable,
            "-m",
            "sqlfluff",
            "lint",
            "--nocolor",
            "--disable-progress-bar",
            "chart/hooks/migrations",
        ],
    }
    checks |= _squawk()
    results = [_run(name, command) for name, command in checks.items()]
    results.append(_generated())
    results += _rules()
    results += [_score(values) for values in (None, EVERYTHING)]
    return 0 if all(results) else 1


def _squawk() -> dict[str, list[str]]:
    """Squawk for the migrations that run in a transaction and, where there are any, for those that must not."""
    squawk = str(Path(sys.executable).with_name("squawk"))
    alone: list[str] = []
    together: list[str] = []
    for file in sorted((paths.CHART / "hooks" / "migrations").glob("*.sql")):
        outside = {"-- billdb: no-transaction", "-- billdb: concurrently"} & set(file.read_text().splitlines())
        (alone if outside else together).append(str(file))
    checks = {"squawk": [squawk, "--assume-in-transaction", *together]}
    return checks | ({"squawk outside transactions": [squawk, *alone]} if alone else {})


def _run(name: str, command: list[str], stdin: str | None = None) -> bool:
    with step(name):
        done = subprocess.run(command, cwd=paths.ROOT, input=stdin, capture_output=True, text=True)
    if done.returncode:
        say(done.stdout + done.stderr)
    return done.returncode == 0


def _generated() -> bool:
    """Whether the files that are made from others are what those say; they are written anew if not."""
    documents = values_schema.documents() | dashboard.documents()
    with step(", ".join(file.name for file in documents)):
        stale = {file: text for file, text in documents.items() if not file.is_file() or file.read_text() != text}
        for file, text in stale.items():
            file.write_text(text)
    for file in stale:
        say(f"{file.relative_to(paths.ROOT)} was not what it is made from says; it is now: look at it and commit it")
    return not stale


def _rules() -> list[bool]:
    """Whether Prometheus takes the alerting rules, and pint finds nothing in them."""
    alerts = {"enabled": True, "kind": "ConfigMap"}
    rendered = yaml.safe_load_all(template(PREVIEW | {"metrics": {"enabled": True, "alerts": alerts}}, files=[EVERYTHING]))
    [rules] = [each["data"][RULES] for each in rendered if each and RULES in each.get("data", {})]
    with TemporaryDirectory() as own:
        file = Path(own) / RULES
        file.write_text(rules)
        promtool = [str(paths.BIN / "promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(file)]
        pint = [str(paths.BIN / "pint"), "--offline", "--no-color", "--config=harness/pint.hcl", "lint"]
        severity = ["--min-severity=warning", "--fail-on=warning"]
        return [_run("promtool check rules", promtool), _run("pint", [*pint, *severity, str(file)])]


def _score(values: Path | None) -> bool:
    rendered = template(PREVIEW, files=[values] if values else [])
    ignored = [argument for name in EXCEPTIONS for argument in ("--ignore-test", name)]
    score = [
        str(paths.BIN / "kube-score"),
        "score",
        "--kubernetes-version",
        f"v{supported.local()}",
        "--output-format",
        "ci",
        *ignored,
        "-",
    ]
    return _run(f"kube-score with {values.name if values else 'the default values'}", score, rendered)


if __name__ == "__main__":
    sys.exit(main())
