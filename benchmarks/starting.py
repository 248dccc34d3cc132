"""`nox -s up`, without nox's own second: from nothing, from warm caches, and again when it is up."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping

from harness import paths


def measure(runs: int, from_nothing: bool) -> Iterator[tuple[str, dict[str, list[float]], str | None]]:
    """One table; `from_nothing` adds a first build with empty caches of Go and of the harness."""
    rows: dict[str, list[float]] = {"from warm caches": [], "again, when it is up": []}
    for _run in range(runs):
        _run_module("harness.down")
        rows["from warm caches"].append(_run_module("harness.up"))
        rows["again, when it is up"].append(_run_module("harness.up"))
    if from_nothing:
        with tempfile.TemporaryDirectory(dir=paths.LOCAL) as folder:
            caches = {"XDG_CACHE_HOME": f"{folder}/cache", "GOCACHE": f"{folder}/go-build", "GOMODCACHE": f"{folder}/go-mod"}
            _run_module("harness.down")
            rows["from nothing: everything built"] = [_run_module("harness.up", caches)]
            subprocess.run(["chmod", "--recursive", "u+w", folder], check=True)  # Go writes its modules read-only
    yield "nox -s up, to a verified database", rows, None


def _run_module(module: str, environment: Mapping[str, str] | None = None) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", module], check=True, stdout=subprocess.DEVNULL, env=os.environ | dict(environment or {})
    )
    return time.perf_counter() - begun
