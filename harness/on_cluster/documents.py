"""The commands of a document, run as they are written, but for the namespace and what a person would fill in."""

import re
from collections.abc import Mapping
from pathlib import Path

from harness import commands, paths
from harness.kubernetes import Cluster

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMESPACE = "phonebill-dev"


def blocks(document: str) -> list[str]:
    """The commands of docs/`document`, in order: its code blocks that name no language."""
    return [block for language, block in BLOCK.findall((paths.ROOT / "docs" / document).read_text()) if not language]


def run(block: str, cluster: Cluster, folder: Path, filled_in: Mapping[str, str] | None = None) -> str:
    """Run a block in the cluster's namespace from `folder`, beside the chart; returns what it prints. Raises CommandError."""
    link = folder / "chart"
    if not link.exists():
        link.symlink_to(paths.CHART)
    for word, value in {NAMESPACE: cluster.namespace, **(filled_in or {})}.items():
        block = re.sub(rf"\b{re.escape(word)}\b", value, block)
    return commands.run(["bash", "-euo", "pipefail", "-c", f"cd {folder}\n{block}"], timeout=600, environment=cluster.environment)
