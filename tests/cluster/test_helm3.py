"""Helm 3 installs, upgrades and tests the chart too; here with the preset of the plan's environment."""

from harness import paths
from harness.on_cluster.release import Release


def test_helm_3_installs_upgrades_and_tests_the_preset(exporter_image: None, release: Release) -> None:
    preset = f"--values={paths.PRESETS / 'phonebill-dev.yaml'}"
    assert "STATUS: deployed" in release.install(None, preset, program="helm3")
    assert release.password() == "Hi5Jessica!"
    assert "STATUS: deployed" in release.upgrade(None, preset, program="helm3")
    assert release.cluster.sql("SELECT count(*) FROM system_config") == "13"
    assert "Succeeded" in release.cluster.helm("test", release.name, program="helm3")
