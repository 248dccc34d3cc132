"""The versions of Kubernetes that are spoken of, each from the one file that names it, as MAJOR.MINOR."""

import re
from functools import cache
from pathlib import Path

from harness import paths


@cache
def oldest() -> str:
    """What Chart.yaml promises."""
    return _found(paths.CHART / "Chart.yaml", r'^kubeVersion: ">=(\d+\.\d+)\.')


@cache
def local() -> str:
    """What the local cluster is built from."""
    return _found(paths.ROOT / "harness" / "tools" / "cluster" / "go.mod", r"^\tk8s\.io/kubernetes v(\d+\.\d+)\.")


def _found(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE)
    if not found:
        raise ValueError(f"{file} names no version of Kubernetes: nothing there matches {pattern}")
    return found[1]
