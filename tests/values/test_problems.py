"""Refusals that a schema cannot express: every one says its key, what was found and what to do; all are said at once."""

import pytest

from harness.chart import RenderError, render


def problems(values: dict[str, object]) -> list[str]:
    with pytest.raises(RenderError) as refusal:
        render(values)
    return [line.removeprefix("- ") for line in str(refusal.value).splitlines() if line.startswith("- ")]


@pytest.mark.parametrize("name", [
    "port", "listen_addresses", "data_directory", "hba_file", "config_file", "ssl", "ssl_key_file", "unix_socket_directories",
])  # fmt: skip
def test_a_setting_that_is_the_charts_own_is_refused(name: str) -> None:
    [problem] = problems({"postgresql": {"parameters": {name: "x"}}})
    assert problem.startswith(f"postgresql.parameters.{name}: the chart itself sets it; remove it")


@pytest.mark.parametrize(("parameters", "needed"), [
    ({"shared_buffers": "2GB"}, "2448Mi"),
    ({"work_mem": "64MB"}, "6656Mi"),
    ({"work_mem": 65536}, "6656Mi"),
    ({"shared_buffers": 262144}, "2448Mi"),
    ({"max_connections": 1000}, "4256Mi"),
], ids=str)  # fmt: skip
def test_memory_that_the_limit_does_not_hold_is_refused(parameters: dict[str, object], needed: str) -> None:
    [problem] = problems({"postgresql": {"parameters": parameters}})
    assert problem.startswith("resources.limits.memory: 2Gi, but shared_buffers and work_mem for each of ")
    assert f"are {needed}; raise it, or lower postgresql.parameters.shared_buffers" in problem


def test_memory_that_the_limit_just_holds_is_accepted() -> None:
    assert render({"postgresql": {"parameters": {"shared_buffers": "1648MB"}}})
    assert render({"postgresql": {"parameters": {"shared_buffers": "2GB"}}, "resources": {"limits": {"memory": "3Gi"}}})


def test_without_a_limit_there_is_nothing_to_exceed() -> None:
    assert render({"postgresql": {"parameters": {"shared_buffers": "8GB"}}, "resources": {"limits": {"memory": None}}})


@pytest.mark.parametrize(("resources", "expected"), [
    ({"requests": {"cpu": 2}}, "resources.requests.cpu: 2 is more than resources.limits.cpu, 1000m"),
    ({"requests": {"cpu": "1500m"}}, "resources.requests.cpu: 1500m is more than resources.limits.cpu, 1000m"),
    ({"limits": {"cpu": "0.4"}}, "resources.requests.cpu: 500m is more than resources.limits.cpu, 0.4"),
    ({"requests": {"memory": "3Gi"}}, "resources.requests.memory: 3Gi is more than resources.limits.memory, 2Gi"),
], ids=str)  # fmt: skip
def test_a_request_over_its_limit_is_refused(resources: dict[str, object], expected: str) -> None:
    [problem] = problems({"resources": resources})
    assert problem.startswith(expected)


def test_all_problems_are_said_at_once() -> None:
    values = {"postgresql": {"parameters": {"port": 1, "work_mem": "1GB"}}, "resources": {"requests": {"cpu": 2}}}
    assert len(problems(values)) == 3
