"""Files that are there whole or not at all, whenever the program that writes them is killed."""

import json
from collections.abc import Mapping
from pathlib import Path


def write(file: Path, content: Mapping[str, object]) -> None:
    """Write the content as JSON."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(content))
    new.rename(file)
