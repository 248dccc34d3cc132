"""What the chart does where nothing is set."""

import pytest
import yaml

from harness import paths
from harness.helm_template import RenderError, template

REST = "or render with --dry-run=server, or set withoutCluster=preview to only read the objects"


def test_by_default_nothing_is_rendered_that_would_change_at_each_render() -> None:
    with pytest.raises(RenderError) as refusal:
        template()
    roles = "bill_backup_user, bill_inquiry_user, bill_maintenance_user, bill_monitoring_user, bill_readonly_user, postgres"
    assert [line for line in str(refusal.value).splitlines() if line.startswith("- ")] == [
        f"- auth: helm cannot look into the cluster here, so the passwords of {roles} would change at each render; "
        f"give auth.existingSecret, {REST}",
        "- backup.repository: helm cannot look into the cluster here, so the repository's password would change at each render; "
        f"give passwordSecret, {REST}",
        "- tls.mode: helm cannot look into the cluster here, so a generated certificate would change at each render; "
        f"choose certManager or existingSecret, {REST}",
    ]


def test_a_given_password_is_not_one_that_would_change() -> None:
    with pytest.raises(RenderError) as refusal:
        template({"auth": {"postgresPassword": "x", "roles": {"bill_backup_user": {"existingSecret": "mine"}}}})
    assert "the passwords of bill_inquiry_user, bill_maintenance_user, bill_monitoring_user, bill_readonly_user would" in str(
        refusal.value
    )


def test_the_oldest_kubernetes_that_the_chart_promises() -> None:
    assert yaml.safe_load((paths.CHART / "Chart.yaml").read_text())["kubeVersion"] == ">=1.29.0-0"
