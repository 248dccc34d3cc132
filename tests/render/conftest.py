"""The renders that the invariants run over."""

import pytest
import yaml

from harness import paths
from harness.chart import Manifests, render

EVERYTHING_ON = yaml.safe_load((paths.ROOT / "tests" / "render" / "everything-on.yaml").read_text())
EVERYTHING_ON_CLOUDNATIVEPG = yaml.safe_load((paths.ROOT / "tests" / "render" / "everything-on-cloudnativepg.yaml").read_text())
ROLES = ("postgres", *(f"bill_{name}_user" for name in ("inquiry", "readonly", "backup", "monitoring", "maintenance")))
VARIANTS = {
    "defaults": {},
    "everything on": EVERYTHING_ON,
    "without TLS": {
        "tls": {"mode": "disabled"},
        "networkPolicy": {"enabled": False},
        "storageClass": {"create": False},
        "snapshots": {"class": "any", "drill": {"enabled": False}},
        "backup": {"drill": {"enabled": False}},
        "metrics": {"enabled": True, "scrape": "annotations", "alerts": {"enabled": True, "kind": "ConfigMap"}},
    },
    "user ids assigned": {"image": {"profile": "assigned"}, "schema": {"login": "password"}},
    "cert-manager": {
        "tls": {
            "mode": "certManager",
            "issuerRef": {"name": "company", "kind": "External", "group": "example.com"},
            "validityDays": 400,
            "renewBeforeDays": 30,
            "caValidityDays": 500,
        },
        "metrics": {
            "enabled": True,
            "scrape": "podMonitor",
            "monitor": {"apiGroup": "azmonitoring.coreos.com"},
            "tls": {"enabled": True},
        },
    },
    "brought along": {
        "auth": {"existingSecret": "my-password"},
        "image": {"user": 2000},
        "tls": {"mode": "existingSecret", "existingSecret": "my-certificate"},
        "persistence": {"existingClaim": "my-claim"},
        "backup": {"repository": {"volume": {"existingClaim": "my-backups"}, "passwordSecret": "my-repository"}},
        "metrics": {"enabled": True, "tls": {"enabled": True, "existingSecret": "my-metrics"}},
    },
    "a move": {
        "image": {"tag": 18},
        "persistence": {"volume": 18},
        "move": {
            "deadlineSeconds": 700,
            "resources": {"requests": {"cpu": "53m", "memory": "210Mi"}, "limits": {"cpu": "700m", "memory": "410Mi"}},
        },
    },
    "another name": {"fullnameOverride": "orders"},
    "CloudNativePG": {"engine": "cloudnativepg"},
    "CloudNativePG with an archive in Azure": {
        "engine": "cloudnativepg",
        "cloudnativepg": {
            "archive": {
                "enabled": True,
                "type": "azure",
                "azure": {"account": "billing", "container": "archive", "endpointSuffix": "core.chinacloudapi.cn"},
                "existingSecret": "keys",
            }
        },
    },
    "everything on CloudNativePG": EVERYTHING_ON_CLOUDNATIVEPG,
    "backups on a class of their own": {
        "backup": {"repository": {"volume": {"size": "100Gi", "storageClass": "cheap", "accessModes": ["ReadWriteMany"]}}}
    },
    "backups to Azure": {
        "backup": {
            "repository": {
                "type": "azure",
                "azure": {"account": "billing", "container": "backups", "endpointSuffix": "core.chinacloudapi.cn"},
            },
            "podLabels": {"azure.workload.identity/use": "true"},
        },
        "serviceAccount": {"annotations": {"azure.workload.identity/client-id": "1234"}},
    },
    "a Secret a role": {
        "auth": {
            "roles": {role: {"existingSecret": f"{n}-secret", "existingSecretKey": f"{n}-key"} for n, role in enumerate(ROLES)}
        }
    },
}
PRESETS = sorted(file.stem for file in paths.PRESETS.glob("*.yaml"))


NAMES = [*VARIANTS, *(f"preset {name}" for name in PRESETS)]
OF_CLOUDNATIVEPG = {name for name in NAMES if "CloudNativePG" in name} | {"preset high-availability"}


def _render(name: str) -> Manifests:
    return render(VARIANTS[name]) if name in VARIANTS else render(presets=[name.removeprefix("preset ")])


@pytest.fixture(params=NAMES)
def manifests(request: pytest.FixtureRequest) -> Manifests:
    """Each variant and each preset in turn."""
    return _render(request.param)


@pytest.fixture(params=[name for name in NAMES if name not in OF_CLOUDNATIVEPG])
def statefulset(request: pytest.FixtureRequest) -> Manifests:
    """Each of them whose server is the chart's own pod."""
    return _render(request.param)


@pytest.fixture
def default() -> Manifests:
    """The chart with default values."""
    return render()
