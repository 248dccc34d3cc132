"""Settings and quantities of the Cluster: those of the values, and written as the operator would write them."""

import pytest

from tests.render.test_cloudnativepg import spec


def test_a_setting_that_is_given_goes_before_the_operators_default_and_null_leaves_it_out() -> None:
    given = {"archive_timeout": "1min", "autovacuum_naptime": None}
    found = spec({"postgresql": {"parameters": given}})["postgresql"]["parameters"]
    assert (found["archive_timeout"], found["wal_keep_size"], found.get("autovacuum_naptime")) == ("1min", "512MB", None)


@pytest.mark.parametrize(("given", "written"), [
    ("1000m", "1"), ("500m", "500m"), (0.5, "500m"), (2, "2"), ("1.0", "1"),
])  # fmt: skip
def test_cpus_are_written_as_the_operator_would_write_them(given: object, written: str) -> None:
    assert spec({"resources": {"limits": {"cpu": given}}})["resources"]["limits"]["cpu"] == written


@pytest.mark.parametrize(("given", "written"), [
    ("2Gi", "2Gi"), ("2.5Gi", "2560Mi"), ("2048Mi", "2Gi"), ("3000M", "3G"), ("2.5G", "2500M"), ("22e8", "22e8"),
    (2200000000, "2200M"), (2147483648, "2147483648"),
])  # fmt: skip
def test_bytes_are_written_as_the_operator_would_write_them(given: object, written: str) -> None:
    found = spec({"resources": {"limits": {"memory": given}}, "persistence": {"size": given}})
    assert (found["resources"]["limits"]["memory"], found["storage"]["size"]) == (written, written)
