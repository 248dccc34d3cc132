"""The rendered objects: names, labels, settings, probes, hooks, certificates."""

from base64 import b64decode
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from harness import paths
from harness.chart import Manifests, Object, render
from tests.render.conftest import EVERYTHING_ON

NAMES = {
    ("ConfigMap", "bill-inquiry-schema-script"),
    ("ConfigMap", "postgresql-bill-inquiry-config"),
    ("CronJob", "bill-inquiry-delete-expired-cache"),
    ("CronJob", "bill-inquiry-delete-old-history"),
    ("Job", "bill-inquiry-db-init"),
    ("NetworkPolicy", "postgresql-bill-inquiry"),
    ("NetworkPolicy", "postgresql-bill-inquiry-jobs"),
    ("PersistentVolumeClaim", "postgresql-bill-inquiry-pvc"),
    ("Pod", "bill-inquiry-db-test"),
    ("PodDisruptionBudget", "postgresql-bill-inquiry"),
    ("Secret", "postgresql-bill-inquiry-ca"),
    ("Secret", "postgresql-bill-inquiry-hook-ca"),
    ("Secret", "postgresql-bill-inquiry-hook-tls"),
    ("Secret", "postgresql-bill-inquiry-secret"),
    ("Secret", "postgresql-bill-inquiry-tls"),
    ("Service", "postgresql-bill-inquiry"),
    ("Service", "postgresql-bill-inquiry-headless"),
    ("ServiceAccount", "postgresql-bill-inquiry"),
    ("StatefulSet", "postgresql-bill-inquiry"),
    ("StorageClass", "managed-standard"),
}
KEPT = {"PersistentVolumeClaim", "Secret"}


def server(manifests: Manifests) -> Object:
    containers = manifests["StatefulSet", "postgresql-bill-inquiry"]["spec"]["template"]["spec"]["containers"]
    [container] = [container for container in containers if container["name"] == "postgresql"]
    return cast(Object, container)


def settings(manifests: Manifests) -> dict[str, str]:
    text = manifests["ConfigMap", "postgresql-bill-inquiry-config"]["data"]["postgresql.conf"]
    lines = [line for line in text.splitlines() if line and not line.startswith("#") and " = " in line]
    return {name: value.strip("'") for name, value in (line.split(" = ", 1) for line in lines)}


def options(manifests: Manifests) -> dict[str, str]:
    """What the server's command line decides."""
    lines = manifests["ConfigMap", "postgresql-bill-inquiry-config"]["data"]["server.options"].splitlines()
    return dict(line.removeprefix("--").split("=", 1) for line in lines)


@pytest.mark.parametrize("release", ["billdb", "postgres", "x"])
def test_the_names_are_the_plans_whatever_the_release_is_called(release: str) -> None:
    assert set(render(release=release)) == NAMES


def test_another_name_is_the_stem_of_every_object() -> None:
    names = {name for kind, name in render({"fullnameOverride": "orders"}) if kind != "StorageClass"}
    assert names
    assert all(name.startswith("orders") for name in names)


def test_every_namespaced_object_is_in_the_releases_namespace(manifests: Manifests) -> None:
    assert {o["metadata"].get("namespace") for (kind, _), o in manifests.items() if kind != "StorageClass"} == {"phonebill-dev"}


def test_every_object_has_the_recommended_labels(manifests: Manifests) -> None:
    wanted = {"app", "tier", "helm.sh/chart"} | {
        f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "component", "part-of", "managed-by")
    }
    for key, o in manifests.items():
        assert wanted <= set(o["metadata"]["labels"]), key
        assert o["metadata"]["labels"]["tier"] == "database", key


def test_what_cannot_be_made_again_outlives_the_release(manifests: Manifests) -> None:
    kept = {key for key, o in manifests.items() if o["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"}
    assert kept == {key for key in manifests if key[0] in KEPT}


def test_settings_are_written_as_the_server_reads_them() -> None:
    values = {"parameters": {"a": "it's", "b": 1000000, "c": 1.5, "d": True, "e": 12345678901, "application_name": "ㄱ"}}
    written = settings(render({"postgresql": values}))
    assert {name: written[name] for name in "abcde"} == {
        "a": "it''s",
        "b": "1000000",
        "c": "1.5",
        "d": "true",
        "e": "12345678901",
    }
    assert written["application_name"] == "ㄱ"


def test_a_changed_setting_changes_the_pod_and_nothing_else_does(default: Manifests) -> None:
    def checksum(values: dict[str, object]) -> str:
        template = render(values)["StatefulSet", "postgresql-bill-inquiry"]["spec"]["template"]
        return str(template["metadata"]["annotations"]["billdb/config-checksum"])

    assert checksum({}) == checksum({"schema": {"waitSeconds": 5}})
    changed = {checksum({"postgresql": {"parameters": {"work_mem": size}}}) for size in ("4MB", "5MB", "6MB")}
    assert len(changed | {checksum({})}) == 3


@pytest.mark.parametrize(("presets", "delays"), [((), (0, 0)), (("phonebill-dev",), (30, 5))], ids=["default", "the plan's"])
def test_probes_are_the_plans_and_recovery_is_given_an_hour(presets: tuple[str, ...], delays: tuple[int, int]) -> None:
    container = server(render(presets=presets))
    ask = {"command": ("/bin/sh", "-c", "exec pg_isready -U postgres -h 127.0.0.1 -p 5432")}
    timing = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}
    for probe, delay in zip(("livenessProbe", "readinessProbe"), delays, strict=True):
        assert container[probe] == {"exec": ask, "initialDelaySeconds": delay, **timing}
    startup = container["startupProbe"]
    assert startup["exec"]["command"][2].endswith(f"; {ask['command'][2]}")
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 3600
    assert startup["initialDelaySeconds"] >= container["readinessProbe"]["initialDelaySeconds"]


def test_the_server_is_stopped_fast_within_its_grace_period(default: Manifests) -> None:
    spec = default["StatefulSet", "postgresql-bill-inquiry"]["spec"]["template"]["spec"]
    command = server(default)["lifecycle"]["preStop"]["exec"]["command"]
    assert command == ("pg_ctl", "stop", "--mode=fast", f"--timeout={spec['terminationGracePeriodSeconds']}")


def test_the_schema_job_is_a_hook_whose_log_stays(manifests: Manifests) -> None:
    [job] = manifests.of("Job")
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "post-install,post-upgrade,post-rollback",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert job["spec"]["backoffLimit"] >= 0


def test_the_schema_job_ends_itself_before_kubernetes_deletes_its_pod_and_log(manifests: Manifests) -> None:
    [job] = manifests.of("Job")
    [container] = job["spec"]["template"]["spec"]["containers"]
    deadline = next(variable["value"] for variable in container["env"] if variable["name"] == "DEADLINE_SECONDS")
    assert container["command"] == ("timeout", "--kill-after=10", deadline, "/bin/bash", "/scripts/migrate.sh")
    assert job["spec"]["activeDeadlineSeconds"] > int(deadline) * (job["spec"]["backoffLimit"] + 1)


def test_the_schema_script_is_the_files_of_the_chart(default: Manifests) -> None:
    files = [file for file in (paths.CHART / "hooks").rglob("*") if file.is_file()]
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


def test_the_certificate_is_signed_by_its_ca_for_every_name_of_the_services(default: Manifests) -> None:
    secret = default["Secret", "postgresql-bill-inquiry-tls"]["data"]
    ca = x509.load_pem_x509_certificate(b64decode(default["Secret", "postgresql-bill-inquiry-ca"]["data"]["ca.crt"]))
    certificate = x509.load_pem_x509_certificate(b64decode(secret["tls.crt"]))
    key = serialization.load_pem_private_key(b64decode(secret["tls.key"]), None)
    certificate.verify_directly_issued_by(ca)
    assert certificate.public_key() == key.public_key()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    services = ("postgresql-bill-inquiry", "postgresql-bill-inquiry-headless")
    endings = ("", ".phonebill-dev", ".phonebill-dev.svc", ".phonebill-dev.svc.cluster.local")
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost"} | {s + e for s in services for e in endings}


def test_nothing_but_passwords_and_certificates_is_random() -> None:
    first, second = render(), render({"global": {"other": "render"}})
    different = {key for key in first if first[key] != second[key]}
    assert different == {("Secret", f"postgresql-bill-inquiry-{name}") for name in ("secret", "ca", "tls", "hook-ca", "hook-tls")}


def test_without_tls_the_notes_and_the_rules_say_so() -> None:
    manifests = render({"tls": {"mode": "disabled"}})
    rules = manifests["ConfigMap", "postgresql-bill-inquiry-config"]["data"]["pg_hba.conf"]
    assert "hostssl" not in rules
    assert options(manifests) == {
        "config_file": "/etc/postgresql/postgresql.conf",
        "data_directory": "/bitnami/postgresql/data",
        "hba_file": "/etc/postgresql/pg_hba.conf",
        "ident_file": "/etc/postgresql/pg_ident.conf",
        "listen_addresses": "*",
        "password_encryption": "scram-sha-256",
        "port": "5432",
        "ssl": "off",
        "unix_socket_directories": "/var/run/postgresql",
    }


def test_another_port_is_everywhere() -> None:
    manifests = render(EVERYTHING_ON)
    assert options(manifests)["port"] == "5433"
    assert {o["spec"]["ports"][0]["port"] for o in manifests.of("Service")} == {5433}
    assert "-p 5433" in str(server(manifests)["livenessProbe"])
    [policy] = [o for o in manifests.of("NetworkPolicy") if not o["metadata"]["name"].endswith("-jobs")]
    assert policy["spec"]["ingress"][0]["ports"][0]["port"] == 5433


def test_rules_let_each_role_reach_its_own_database_over_tls_only(default: Manifests) -> None:
    own = "bill_inquiry_owner,bill_inquiry_user,bill_readonly_user,bill_maintenance_user"
    assert rules(default) == [
        "local all all peer",
        "hostssl all billdb_hook all cert",
        "host all billdb_hook all reject",
        f'hostssl "bill_inquiry_db" {own} all scram-sha-256',
        'hostssl "bill_inquiry_db",postgres bill_monitoring_user all scram-sha-256',
        "hostssl all,replication bill_backup_user all scram-sha-256",
        f"hostssl all {own},bill_monitoring_user all reject",
        "hostssl all all all scram-sha-256",
    ]


def test_the_superuser_can_be_kept_out_of_the_network() -> None:
    assert "host all postgres all reject" in rules(render({"auth": {"superuserFromNetwork": False}}))


def rules(manifests: Manifests) -> list[str]:
    text = manifests["ConfigMap", "postgresql-bill-inquiry-config"]["data"]["pg_hba.conf"]
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_network_policies_are_for_the_server_and_the_charts_jobs_both_ways() -> None:
    manifests = render(EVERYTHING_ON)
    policies = {o["metadata"]["name"]: o["spec"] for o in manifests.of("NetworkPolicy")}
    assert {spec["policyTypes"] for spec in policies.values()} == {("Ingress", "Egress")}
    [jobs] = [spec for name, spec in policies.items() if name.endswith("-jobs")]
    assert "ingress" not in jobs
    [expression] = jobs["podSelector"]["matchExpressions"]
    components = {p["metadata"]["labels"]["app.kubernetes.io/component"] for p in manifests.pods().values()}
    assert set(expression["values"]) == components - {"server"}
    dns = ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}},)
    assert [spec["egress"][0]["to"] for spec in policies.values()] == [dns, dns]


def test_a_pod_that_never_became_ready_does_not_block_the_upgrade_that_mends_it(default: Manifests) -> None:
    assert default["StatefulSet", "postgresql-bill-inquiry"]["spec"]["podManagementPolicy"] == "Parallel"


def test_the_headless_service_gives_the_pod_its_name(default: Manifests) -> None:
    name = default["StatefulSet", "postgresql-bill-inquiry"]["spec"]["serviceName"]
    assert default["Service", name]["spec"]["clusterIP"] == "None"


def test_the_storage_class_is_azures_and_keeps_the_disk_of_a_deleted_claim(default: Manifests) -> None:
    storage = default["StorageClass", "managed-standard"]
    assert {key: storage[key] for key in storage if key not in ("apiVersion", "kind", "metadata")} == {
        "provisioner": "disk.csi.azure.com",
        "parameters": {"skuName": "Standard_LRS"},
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }
    assert render({"storageClass": {"reclaimPolicy": "Delete"}})["StorageClass", "managed-standard"]["reclaimPolicy"] == "Delete"


def test_the_storage_class_is_a_hook_that_nothing_deletes_and_so_no_part_of_a_revision(default: Manifests) -> None:
    assert default["StorageClass", "managed-standard"]["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-delete-policy": "hook-failed",
    }


@pytest.mark.parametrize("values", [
    {"storageClass": {"create": False}},
    {"persistence": {"storageClass": ""}},
    {"persistence": {"existingClaim": "mine"}},
    {"withoutCluster": "refuse", "auth": {"existingSecret": "x"}, "schema": {"login": "password"}, "tls": {"mode": "disabled"}},
], ids=["not wanted", "the cluster's default", "a claim of one's own", "helm template, Argo CD"])  # fmt: skip
def test_no_storage_class_is_rendered_where_none_is_to_be_made(values: dict[str, object]) -> None:
    assert render(values).of("StorageClass") == []


@pytest.mark.parametrize(("name", "written"), [("fast", {"storageClassName": "fast"}), ("", {})], ids=["named", "default"])
def test_the_claim_names_its_class_or_leaves_it_to_the_cluster(name: str, written: dict[str, str]) -> None:
    spec = render({"persistence": {"storageClass": name}})["PersistentVolumeClaim", "postgresql-bill-inquiry-pvc"]["spec"]
    assert {key: spec[key] for key in spec if key not in ("accessModes", "resources")} == written


def test_the_services_annotations_and_source_ranges_reach_it(default: Manifests) -> None:
    service = render(EVERYTHING_ON)["Service", "postgresql-bill-inquiry"]
    assert service["metadata"]["annotations"] == {"note": "here"}
    assert service["spec"]["loadBalancerSourceRanges"] == ("10.0.0.0/8",)
    plain = default["Service", "postgresql-bill-inquiry"]
    assert ("annotations" in plain["metadata"], "loadBalancerSourceRanges" in plain["spec"]) == (False, False)


def test_no_two_services_have_one_selector(manifests: Manifests) -> None:
    selectors = [dict(service["spec"]["selector"]) for service in manifests.of("Service")]
    assert len(selectors) == 2
    assert selectors[0] != selectors[1]


def test_a_drain_is_never_blocked_by_the_disruption_budget(default: Manifests) -> None:
    budget = default["PodDisruptionBudget", "postgresql-bill-inquiry"]["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget


@pytest.mark.parametrize(("profile", "user"), [("official", 999), ("bitnamilegacy", 1001), ("cloudnative-pg", 26)])
def test_the_image_profile_says_the_user(profile: str, user: int) -> None:
    manifests = render({"image": {"profile": profile}})
    assert {pod["spec"]["securityContext"]["runAsUser"] for pod in manifests.pods().values()} == {user}
    assert f"postgres:x:{user}:{user}:" in manifests["ConfigMap", "postgresql-bill-inquiry-config"]["data"]["passwd"]
