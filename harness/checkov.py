"""Scans the rendered chart with checkov, whose dependencies disagree with the other linters' and live in a lock of their own."""

import subprocess
import sys
import tempfile
from pathlib import Path

from harness import paths
from harness.helm_template import PREVIEW, template
from harness.progress import say, step

# checkov's checks that do not hold here, each with its reason; nothing else is switched off.
EXCEPTIONS = {
    "CKV_K8S_8": "the reloader of certificates and the test pod serve nobody; the server has its liveness probe",
    "CKV_K8S_9": "as CKV_K8S_8, for readiness",
    "CKV_K8S_15": "IfNotPresent is the plan's: a database restarts also while the registry is away",
    "CKV_K8S_40": "official images run PostgreSQL as 999, and a volume's owner cannot be changed",
    "CKV_K8S_43": "which digest is right is known where the chart is installed: image.digest",
}
RENDERS = (None, paths.PRESETS / "hardened.yaml", paths.ROOT / "tests" / "render" / "everything-on.yaml")


def main() -> int:
    """Return 1 when checkov finds anything."""
    results = [_scan(values) for values in RENDERS]
    return 0 if all(results) else 1


def _scan(values: Path | None) -> bool:
    rendered = template(PREVIEW, files=[values] if values else [])
    with tempfile.TemporaryDirectory() as folder, step(f"checkov with {values.name if values else 'the default values'}"):
        file = Path(folder) / "rendered.yaml"
        file.write_text(rendered)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("checkov")), "--framework=kubernetes", "--skip-download",
                "--compact", "--quiet", f"--file={file}", f"--skip-check={','.join(EXCEPTIONS)}",
            ],
            capture_output=True,
            text=True,
        )  # fmt: skip
    if done.returncode or "Passed checks" not in done.stdout:
        say(done.stdout + done.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
