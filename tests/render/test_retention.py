"""The two CronJobs that delete what is too old."""

import pytest

from harness.chart import Manifests, Object, render
from tests.render.reading import of_component, plain

SCHEDULES = {"delete-expired-cache": "0 * * * *", "delete-old-history": "30 3 * * *"}
CRONJOBS = [f"bill-inquiry-{name}" for name in SCHEDULES]


def pod(manifests: Manifests, name: str) -> Object:
    spec: Object = plain(manifests["CronJob", name]["spec"])["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("name", SCHEDULES)
def test_cronjob_is_bounded_and_safe_to_miss(default: Manifests, name: str) -> None:
    spec = dict(plain(default["CronJob", f"bill-inquiry-{name}"]["spec"]))
    job = spec.pop("jobTemplate")["spec"]
    template = job.pop("template")
    assert spec == {
        "schedule": SCHEDULES[name],
        "timeZone": "Asia/Seoul",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 1800,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    }
    assert job == {"backoffLimit": 0, "activeDeadlineSeconds": 3120, "ttlSecondsAfterFinished": 604800}
    assert template["metadata"]["labels"] == {
        "app": f"bill-inquiry-{name}",
        "tier": "database",
        "app.kubernetes.io/name": "billdb",
        "app.kubernetes.io/instance": "billdb",
        "app.kubernetes.io/component": "retention",
    }


@pytest.mark.parametrize("name", SCHEDULES)
def test_pod_of_retention_logs_in_as_its_role_over_verified_tls(default: Manifests, name: str) -> None:
    [container] = pod(default, f"bill-inquiry-{name}")["containers"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert container["command"] == ["timeout", "--kill-after=10", "3000", "/bin/bash", "/scripts/retain.sh"]
    assert container["args"] == [name.replace("-", "_")]
    assert container["resources"] == {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}}
    assert {key: value for key, value in environment.items() if key.startswith("PG")} == {
        "PGHOST": "postgresql-bill-inquiry.phonebill-dev.svc.cluster.local",
        "PGPORT": "5432",
        "PGUSER": "bill_maintenance_user",
        "PGDATABASE": "bill_inquiry_db",
        "PGCONNECT_TIMEOUT": "10",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/tls/ca.crt",
        "PGAPPNAME": "billdb/retention",
    }


@pytest.mark.parametrize("name", CRONJOBS)
def test_pod_of_retention_reads_no_password_but_its_roles(default: Manifests, name: str) -> None:
    [volume] = [volume for volume in pod(default, name)["volumes"] if volume["name"] == "credentials"]
    item = {"key": "bill-maintenance-user-password", "path": "bill_maintenance_user"}
    secret = {"name": "postgresql-bill-inquiry-secret", "items": [item]}
    assert volume["projected"]["sources"] == [{"secret": secret}]


def test_retention_can_be_switched_off_and_timed() -> None:
    assert of_component(render({"retention": {"enabled": False}}), "CronJob", "retention") == []
    timed = render({"retention": {"timeZone": "Etc/UTC", "deadlineSeconds": 600, "history": {"schedule": "@weekly"}}})
    spec = timed["CronJob", "bill-inquiry-delete-old-history"]["spec"]
    deadline = spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    assert (spec["schedule"], spec["timeZone"], deadline) == ("@weekly", "Etc/UTC", 720)
