"""How clients outside the pod reach the server."""

import pytest

from harness.chart import Manifests, render
from tests.render.conftest import EVERYTHING_ON
from tests.render.reading import SERVER


def test_the_services_annotations_and_source_ranges_reach_it(default: Manifests) -> None:
    service = render(EVERYTHING_ON)["Service", SERVER]
    assert service["metadata"]["annotations"] == {"note": "here"}
    assert service["spec"]["loadBalancerSourceRanges"] == ("10.0.0.0/8",)
    plain = default["Service", SERVER]
    assert ("annotations" in plain["metadata"], "loadBalancerSourceRanges" in plain["spec"]) == (False, False)


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_the_service_is_of_the_given_type_and_the_pods_own_stays_inside(kind: str) -> None:
    manifests = render({"service": {"type": kind}})
    assert [manifests["Service", name]["spec"]["type"] for name in (SERVER, f"{SERVER}-headless")] == [kind, "ClusterIP"]


def test_only_the_pods_of_the_server_are_behind_the_services(default: Manifests) -> None:
    assert default["Service", SERVER]["spec"]["selector"] == {"app": SERVER}
    both = {"app": SERVER, "app.kubernetes.io/component": "server"}
    assert default["Service", f"{SERVER}-headless"]["spec"]["selector"] == both
