"""Packages the chart and pushes it to an OCI registry with helm; a version that the registry has is never replaced."""

import argparse
import re
import sys
from pathlib import Path

import yaml

from harness import commands, exit_status, paths
from harness.commands import CommandError
from harness.errors import UserError
from harness.local import programs

DIST = paths.ROOT / "dist"


class PublishError(UserError):
    """The chart could not be published; the message says what was found and what to do."""


def package(folder: Path = DIST) -> Path:
    """Make the chart's archive NAME-VERSION.tgz in `folder` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    _helm("package", str(paths.CHART), f"--destination={folder}")
    chart = yaml.safe_load((paths.CHART / "Chart.yaml").read_text())
    return folder / f"{chart['name']}-{chart['version']}.tgz"


def push(repository: str, *options: str, folder: Path = DIST) -> str:
    """Push the chart's archive to `repository` (oci://HOST/PATH) and return its digest (sha256:…).

    `options` are helm's for reaching a registry, such as --plain-http. Raises PublishError.
    """
    if not re.fullmatch(r"oci://[^/]+(/.+)?", repository):
        raise PublishError(f"{repository!r} is not a place to push to; give one as oci://HOST/PATH")
    archive = package(folder)
    name, version = archive.stem.rsplit("-", 1)
    reference = f"{repository}/{name}"
    if _exists(reference, version, *options):
        raise PublishError(f"{reference}:{version} is published already; raise the version in chart/Chart.yaml")
    said = _helm("push", str(archive), repository, *options)
    digest = re.search(r"sha256:[0-9a-f]{64}", said)
    if not digest:
        raise PublishError(f"helm push named no digest:\n{said}")
    return digest[0]


def _exists(reference: str, version: str, *options: str) -> bool:
    try:
        _helm("show", "chart", reference, f"--version={version}", *options)
    except CommandError as error:
        if "not found" in str(error).lower():
            return False
        raise
    return True


def _helm(*arguments: str) -> str:
    return commands.run([str(paths.BIN / "helm"), *arguments], errors_too=True)


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="nox -s publish --")
    what = parser.add_subparsers(required=True, dest="command")
    what.add_parser("package")
    pushing = what.add_parser("push")
    pushing.add_argument("repository", help="oci://HOST/PATH")
    pushing.add_argument("--plain-http", action="append_const", const="--plain-http", dest="options", help="no TLS (loopback)")
    options = parser.parse_args()

    def work() -> None:
        programs.install(["helm"])
        print(package() if options.command == "package" else push(options.repository, *(options.options or ())))

    return exit_status.of(options.command, work)


if __name__ == "__main__":
    sys.exit(main())
