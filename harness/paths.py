"""Where things lie: the repository, this checkout's state, and the cache that checkouts share."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUBJECT = Path(os.environ.get("BILLDB_SUBJECT", ROOT))  # what is tested: this checkout, or harness/mutate.py's changed copy of it
CHART = SUBJECT / "chart"
PRESETS = SUBJECT / "presets"
DASHBOARD = CHART / "monitoring" / "dashboard.json"
LOCAL = ROOT / ".local"
BIN = LOCAL / "bin"
KUBECONFIG = LOCAL / "kubeconfig"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "billdb"
RUN = Path("/run/billdb")  # sockets, mounts and the machine-wide lock: a reboot empties it
