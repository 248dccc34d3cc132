"""Where things lie: the repository, this checkout's state, and the cache that checkouts share."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "chart"
PRESETS = ROOT / "presets"
LOCAL = ROOT / ".local"
BIN = LOCAL / "bin"
KUBECONFIG = LOCAL / "kubeconfig"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "billdb"
RUN = Path("/run/billdb")  # sockets, mounts and the machine-wide lock: a reboot empties it
