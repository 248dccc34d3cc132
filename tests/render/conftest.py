"""The renders that the invariants run over."""

import pytest
import yaml

from harness import paths
from harness.chart import Manifests, render

EVERYTHING_ON = yaml.safe_load((paths.ROOT / "tests" / "render" / "everything-on.yaml").read_text())
VARIANTS = {
    "defaults": {},
    "everything on": EVERYTHING_ON,
    "without TLS": {"tls": {"mode": "disabled"}, "networkPolicy": {"enabled": False}},
    "user ids assigned": {"image": {"profile": "assigned"}},
    "cert-manager": {"tls": {"mode": "certManager", "issuerRef": {"name": "company", "kind": "ClusterIssuer"}}},
    "brought along": {
        "auth": {"existingSecret": "my-password"},
        "tls": {"mode": "existingSecret", "existingSecret": "my-certificate"},
        "persistence": {"existingClaim": "my-claim"},
        "storageClass": {"create": False},
        "fullnameOverride": "orders",
    },
}
PRESETS = sorted(file.stem for file in paths.PRESETS.glob("*.yaml"))


@pytest.fixture(params=[*VARIANTS, *(f"preset {name}" for name in PRESETS)])
def manifests(request: pytest.FixtureRequest) -> Manifests:
    """Each variant and each preset in turn."""
    name: str = request.param
    return render(VARIANTS[name]) if name in VARIANTS else render(presets=[name.removeprefix("preset ")])


@pytest.fixture
def default() -> Manifests:
    """The chart with default values."""
    return render()
