"""The schema Job and what it runs."""

from harness import paths
from harness.chart import Manifests, render
from harness.on_cluster.release import merged
from tests.render.reading import container, environment, plain, schema_job


def test_the_schema_job_is_a_hook_whose_log_stays(manifests: Manifests) -> None:
    job = schema_job(manifests)
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "post-install,post-upgrade,post-rollback",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert job["spec"]["ttlSecondsAfterFinished"] >= 1600
    assert container(manifests, "db-init")["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_a_lost_connection_is_tried_again_and_an_error_or_a_deadline_is_not(manifests: Manifests) -> None:
    job = schema_job(manifests)
    drained = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ended = {"action": "FailJob", "onExitCodes": {"containerName": "db-init", "operator": "In", "values": [3, 124]}}
    assert plain(job["spec"]["podFailurePolicy"]["rules"]) == [drained, ended]
    assert job["spec"]["backoffLimit"] >= 1


def test_the_schema_job_ends_itself_before_kubernetes_deletes_its_pod_and_log(manifests: Manifests) -> None:
    job = schema_job(manifests)
    deadline = environment(container(manifests, "db-init"))["DEADLINE_SECONDS"]
    command = ("timeout", "--kill-after=10", deadline, "/bin/bash", "/scripts/migrate.sh")
    assert container(manifests, "db-init")["command"] == command
    assert job["spec"]["activeDeadlineSeconds"] == (int(deadline) + 120) * (job["spec"]["backoffLimit"] + 1)


def test_the_job_logs_in_as_the_hooks_role_or_where_it_has_no_certificate_as_the_superuser() -> None:
    logins = {
        "default": render(),
        "by password": render({"schema": {"login": "password"}}),
        "without TLS": render({"tls": {"mode": "disabled"}}),
    }
    assert {name: environment(container(manifests, "db-init"))["PGUSER"] for name, manifests in logins.items()} == {
        "default": "billdb_hook",
        "by password": "postgres",
        "without TLS": "postgres",
    }


def test_the_job_waits_for_the_version_that_cloudnativepg_brings() -> None:
    asked = {"engine": "cloudnativepg", "image": {"tag": "17"}}
    versions = {
        "17": render(asked),
        "known by its digest": render(merged(asked, {"image": {"digest": f"sha256:{'0' * 64}"}})),
        "the StatefulSet's": render({"image": {"tag": "17"}}),
    }
    assert {name: environment(container(manifests, "db-init")).get("SERVER_MAJOR") for name, manifests in versions.items()} == {
        "17": "17",
        "known by its digest": None,
        "the StatefulSet's": None,
    }


def test_the_schema_script_is_the_files_of_the_chart(default: Manifests) -> None:
    files = [file for place in (".", "migrations") for file in (paths.CHART / "hooks" / place).iterdir() if file.is_file()]
    data = default["ConfigMap", "bill-inquiry-schema-script"]["data"]
    assert dict(data) == {file.name: file.read_text() for file in files}


def test_the_users_own_migrations_are_beside_the_charts_word_for_word() -> None:
    view = '-- it\'s a "view" <한글> {{ no template }}\nSELECT 1;\n\t\n'
    migrations = {"V9001__view.sql": view, "V9002__b.sql": "SELECT 2"}
    data = render({"schema": {"extraMigrations": migrations}})["ConfigMap", "bill-inquiry-schema-script"]["data"]
    assert {file: data[file] for file in migrations} == {
        "V9001__view.sql": view,
        "V9002__b.sql": "SELECT 2\n",
    }


def test_helm_test_looks_as_the_service_does(manifests: Manifests) -> None:
    test = container(manifests, "test")
    assert test["command"][3:] == ("/bin/bash", "/scripts/verify.sh")
    assert environment(test)["PGUSER"] == "bill_inquiry_user"


def test_the_pods_of_helm_test_run_once_and_their_logs_stay(manifests: Manifests) -> None:
    found = {o["metadata"]["name"]: (o["metadata"]["annotations"], o["spec"]["restartPolicy"]) for o in manifests.of("Pod")}
    hook = {"helm.sh/hook": "test", "helm.sh/hook-delete-policy": "before-hook-creation"}
    assert {
        name: (hook.items() <= annotations.items(), policy) for name, (annotations, policy) in found.items()
    } == dict.fromkeys(found, (True, "Never"))
    assert len(found) == 2
