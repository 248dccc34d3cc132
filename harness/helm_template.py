"""The one place that runs `helm template`."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import paths

PREVIEW = {"withoutCluster": "preview"}  # to be read, not applied


class RenderError(Exception):
    """helm refused to render; the message is helm's."""


def template(
    values: Mapping[str, Any] | None = None,
    *,
    files: Sequence[Path] = (),
    chart: Path | None = None,
    release: str = "billdb",
    namespace: str = "phonebill-dev",
    kubeconfig: Path | None = None,
    upgrade: bool = False,
) -> str:
    """What `helm template` prints for these values over those of the files, of this chart unless another is given.

    With a kubeconfig it looks into that cluster; `upgrade` says that the release is there already. Raises RenderError.
    """
    command = [str(paths.BIN / "helm"), "template", release, str(chart or paths.CHART), f"--namespace={namespace}"]
    command += [f"--values={file}" for file in files]
    command += ["--is-upgrade"] if upgrade else []
    command += [f"--kubeconfig={kubeconfig}", "--dry-run=server", "--disable-openapi-validation"] if kubeconfig else []
    done = subprocess.run([*command, "--values=-"], input=json.dumps(dict(values or {})), capture_output=True, text=True)
    if done.returncode:
        raise RenderError(done.stderr)
    return done.stdout
