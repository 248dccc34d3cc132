"""`nox -s mutate`: changes a copy of the chart for the worse, again and again, and tells what the fast tests did not see.

The changes are the list tests/mutants.yaml. Each is tried with what tests/render/test_expected.py compares, in this program's own
processes, and where that sees nothing with the tests of tests/values and tests/render, up to the first that fails.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import yaml

from harness import paths
from harness.progress import say
from tests.render import expecting

LIST = paths.ROOT / "tests" / "mutants.yaml"
ENOUGH = 95  # percent
# Tests that see a change of such a file soonest; all others follow.
SOONEST = {
    "NOTES.txt": ("render/test_notes.py",),
    "monitoring/_alerts": ("render/test_alerts.py",),
    "monitoring/alerts/": ("render/test_alerts.py",),
    "_quantities.tpl": ("values/test_problems.py", "render/test_notes.py"),
    "refusals/_backup": ("values/test_backup_problems.py", "values/test_problems.py"),
    "refusals/_cloudnativepg-spec": ("values/test_cloudnativepg_spec.py",),
    "refusals/_cloudnativepg-running": ("values/test_cloudnativepg_running.py", "values/test_cloudnativepg_problems.py"),
    "refusals/_kept": ("values/test_cloudnativepg_kept.py",),
    "refusals/_operator": ("values/test_cloudnativepg_kept.py",),
    "refusals/_cloudnativepg": ("values/test_cloudnativepg_problems.py", "values/test_cloudnativepg_running.py"),
    "cloudnativepg/": ("render/test_cloudnativepg.py", "render/test_cloudnativepg_settings.py"),
    "refusals/_all": ("values/test_with_a_cluster.py", "values/test_other_releases.py", "values/test_cloudnativepg_kept.py"),
    "refusals/_pods": ("values/test_pod_problems.py",),
    "refusals/_release": (
        "values/test_other_releases.py",
        "values/test_cloudnativepg_kept.py",
        "values/test_cloudnativepg_running.py",
    ),
    "refusals/_secrets": ("values/test_with_a_cluster.py", "values/test_problems.py", "values/test_cloudnativepg_kept.py"),
    "refusals/_storage": ("values/test_with_a_cluster.py",),
    "refusals/": ("values/test_problems.py", "values/test_defaults.py"),
    "backup/secret": ("render/test_backup.py", "render/test_kept.py"),
    "certmanager-schema": ("render/test_cloudnativepg_certificates.py", "render/test_certmanager.py"),
    "_certificates.tpl": ("render/test_certificates.py", "render/test_kept.py"),
    "_credentials.tpl": ("render/test_secrets.py", "render/test_kept.py"),
    "presets/": ("render/test_presets.py", "render/test_seed_parity.py"),
    "values.schema.yaml": ("values/test_schema.py", "values/test_keys.py"),
}
NOT_RENDERED = ("refusals/", "values.schema.yaml", "presets/", "NOTES.txt")
SLOW = "values/test_every_value.py"


@dataclass(frozen=True)
class Mutant:
    """One wrong change: in a file, the first place that has a text gets another; `tier` sees it where the fast ones cannot."""

    file: str
    was: str
    becomes: str
    tier: str = ""

    @property
    def area(self) -> str:
        """The part of the chart that it is in."""
        return self.file if self.file.startswith("chart/values") else str(Path(self.file).parent)

    def __str__(self) -> str:
        """The change on one line."""
        return f"{self.file}: {self.was!r} → {self.becomes!r}"


@dataclass(frozen=True)
class Result:
    """What the tests said: the first that failed, or none."""

    mutant: Mutant
    test: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every mutant and print a table; 1 when too many survive. Raises SystemExit for a list that is not true."""
    parser = argparse.ArgumentParser(prog="nox -s mutate --", description=__doc__)
    parser.add_argument("--of", default="", metavar="TEXT", help="only the mutants of files whose name has this text")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), metavar="N", help="so many at a time")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    mutants = [mutant for mutant in read() if options.of in mutant.file]
    results = []
    with ThreadPoolExecutor(options.at_once) as pool, ProcessPoolExecutor(options.at_once) as comparing:
        if variant := comparing.submit(changed, paths.ROOT).result():
            raise SystemExit(f"the tests fail without any change: tests/render/test_expected.py[{variant}]")
        unchanged = pool.submit(first_failure, paths.ROOT, "")
        for trial in as_completed([pool.submit(tried, mutant, comparing) for mutant in mutants]):
            result = trial.result()
            results.append(result)
            seen = result.test or f"NOT SEEN (but by: {result.mutant.tier or 'not known'})"
            say(f"{len(results)}/{len(mutants)} {seen}: {result.mutant}"[:200])
            if unchanged.done() and unchanged.result():
                pool.shutdown(cancel_futures=True)
                break
    if unchanged.result():
        raise SystemExit(f"the tests fail without any change: {unchanged.result()}")
    print("\n".join(table(results)))
    say(f"{(time.monotonic() - begun) / 60:.1f} minutes")
    return 0 if percent(results) >= ENOUGH else 1


def read() -> list[Mutant]:
    """The list. Raises SystemExit with every text that is not in its file."""
    listed = yaml.safe_load(LIST.read_text())
    mutants = [Mutant(file, *change) for file, changes in listed.items() for change in changes]
    untrue = [str(mutant) for mutant in mutants if mutant.was not in (paths.ROOT / mutant.file).read_text()]
    if untrue:
        raise SystemExit("\n".join(["not in its file (tests/mutants.yaml):", *untrue]))
    return mutants


def tried(mutant: Mutant, comparing: Executor) -> Result:
    """Make the change in a copy of the chart, with what is generated from it, and try that."""
    with tempfile.TemporaryDirectory(prefix="billdb-mutant-") as folder:
        copy = Path(folder)
        for part in (paths.CHART, paths.PRESETS):
            shutil.copytree(part, copy / part.name)
        file = copy / mutant.file
        file.write_text(file.read_text().replace(mutant.was, mutant.becomes, 1))
        if file.name.startswith("values.") and _run(copy, sys.executable, "-m", "harness.values_schema").returncode:
            return Result(mutant, "python -m harness.values_schema")
        rendered = not any(part in mutant.file for part in NOT_RENDERED)
        if rendered and (variant := comparing.submit(changed, copy, mutant.file).result()):
            return Result(mutant, f"tests/render/test_expected.py[{variant}]")
        return Result(mutant, first_failure(copy, mutant.file))


def changed(subject: Path, file: str = "") -> str:
    """The first variant of tests/render/expected whose objects are others for the chart that lies there, empty if none is.

    A change of a file of CloudNativePG's is looked for in that engine's variants first.
    """
    paths.CHART, paths.PRESETS = subject / paths.CHART.name, subject / paths.PRESETS.name
    expecting.forget()
    first = "cloudnativepg" in file
    for variant in sorted(expecting.HELD, key=lambda name: ("CloudNativePG" in name) != first):
        try:
            if expecting.document(variant) != expecting.file_of(variant).read_text():
                return variant
        except Exception:  # whatever a test would fail with: it does not render, or is no object of Kubernetes
            return variant
    return ""


def first_failure(subject: Path, file: str) -> str:
    """The first test that fails for the chart that lies there, empty if none does. Raises RuntimeError where none could run."""
    # These tests need no plugin, and importing all of them takes longer than the first test.
    options = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib")
    command = [sys.executable, "-m", "pytest", *options, *_order(file)]
    done = _run(subject, *command)
    if done.returncode == 0:
        return ""
    if found := re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE):
        return found[1]
    raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _order(file: str) -> list[str]:
    """The files of tests: first those that see a change of this file soonest, last the slow one."""
    soonest = next((tests for part, tests in SOONEST.items() if part in file), ())
    folder = paths.ROOT / "tests"
    tests = [str(test.relative_to(folder)) for tier in ("render", "values") for test in sorted(folder.glob(f"{tier}/test_*.py"))]
    rest = [test for test in tests if test not in (*soonest, SLOW)]
    return [f"tests/{test}" for test in (*soonest, *rest, SLOW)]


def _run(subject: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"BILLDB_SUBJECT": str(subject), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=paths.ROOT, env=environment, capture_output=True, text=True)


def percent(results: Sequence[Result]) -> float:
    """How many of a hundred were seen."""
    return 100 * sum(bool(result.test) for result in results) / max(1, len(results))


def table(results: Sequence[Result]) -> Iterator[str]:
    """The results in Markdown: how many of each area were seen, and those that were not."""
    tried_in, seen_in = Counter(r.mutant.area for r in results), Counter(r.mutant.area for r in results if r.test)
    yield "| part of the chart | changes | seen |\n| --- | --- | --- |"
    for area, count in sorted(tried_in.items()):
        yield f"| `{area}` | {count} | {seen_in[area]} |"
    yield f"| all | {len(results)} | {seen_in.total()} ({percent(results):.1f} %) |"
    yield "\n| not seen by the fast tests | seen by |\n| --- | --- |"
    for result in sorted(results, key=lambda result: str(result.mutant)):
        if not result.test:
            yield f"| `{result.mutant}` | {result.mutant.tier or 'not known'} |"


if __name__ == "__main__":
    sys.exit(main())
