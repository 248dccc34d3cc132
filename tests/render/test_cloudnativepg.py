"""The Cluster of CloudNativePG: what the values say of it, and what belongs to it."""

from typing import Any

import pytest

from harness.chart import Manifests, Object, render
from tests.render.conftest import EVERYTHING_ON_CLOUDNATIVEPG
from tests.render.reading import SERVER, containers, environment, plain

OWN = {"engine": "cloudnativepg"}
REQUIRED = {"method": "any", "number": 1, "dataDurability": "required", "failoverQuorum": True}
# What the operator would fill in, and so own: a later change by helm would be refused.
FILLED = {"archive_timeout", "max_parallel_workers", "max_replication_slots", "max_worker_processes", "wal_keep_size",
          "wal_receiver_timeout", "wal_sender_timeout"}  # fmt: skip
OF_REPLICAS = ("hot_standby_feedback", "wal_retrieve_retry_interval")
MOST = REQUIRED | {"number": 2}
PREFERRED = {"method": "any", "number": 1, "dataDurability": "preferred"}


def spec(values: dict[str, Any] | None = None) -> Any:
    return plain(render(OWN | (values or {}))["Cluster", SERVER]["spec"])


@pytest.fixture
def cluster() -> Manifests:
    """The chart with the engine and no other value."""
    return render(OWN)


def secret(manifests: Manifests, name: str) -> Object:
    return manifests["Secret", name]


@pytest.mark.parametrize(("instances", "drained", "update"), [(1, False, None), (2, True, "switchover"), (3, True, "switchover")])
def test_an_only_server_is_in_no_drains_way_and_another_takes_over_before_an_update(
    instances: int, drained: bool, update: str | None
) -> None:
    found = spec({"cloudnativepg": {"instances": instances}})
    assert (found["enablePDB"], found.get("primaryUpdateMethod")) == (drained, update)


@pytest.mark.parametrize(("instances", "synchronous"), [(1, None), (2, PREFERRED), (3, REQUIRED), (4, MOST), (5, MOST)])
def test_a_commit_is_on_most_servers_where_one_may_be_away_and_another_still_there(instances: int, synchronous: Any) -> None:
    found = spec({"cloudnativepg": {"instances": instances}})
    assert (found["instances"], found["postgresql"].get("synchronous")) == (instances, synchronous)
    settings = [found["postgresql"]["parameters"].get(name) for name in OF_REPLICAS]
    assert settings == ([None, None] if instances == 1 else ["on", "1s"]), "of replicas, where there are any"


def test_what_replicas_are_set_to_may_be_something_else() -> None:
    given = dict(zip(OF_REPLICAS, ("off", "3s"), strict=True))
    assert given.items() <= spec({"postgresql": {"parameters": given}})["postgresql"]["parameters"].items()


def test_clients_keep_their_name_which_follows_the_primary(cluster: Manifests) -> None:
    [service] = spec()["managed"]["services"]["additional"]
    assert (service["selectorType"], service["serviceTemplate"]["metadata"]["name"]) == ("rw", SERVER)
    hosts = {e["PGHOST"] for e in map(environment, containers(cluster).values()) if "PGHOST" in e and "." in e["PGHOST"]}
    assert hosts == {f"{SERVER}.phonebill-dev.svc.cluster.local"}
    names = secret(cluster, f"{SERVER}-tls")["metadata"]["annotations"]["billdb/names"].split(",")
    called = [f"{SERVER}{suffix}.phonebill-dev.svc.cluster.local" for suffix in ("", "-rw", "-ro", "-r")]
    assert set(called) <= set(names)
    assert cluster.of("Service") == [] or {o["metadata"]["name"] for o in cluster.of("Service")} == set()


def test_the_secrets_that_it_names_are_the_charts_and_are_read_again_when_they_change(cluster: Manifests) -> None:
    found = spec()
    certificates = found["certificates"]
    assert certificates == {
        "serverCASecret": f"{SERVER}-tls",
        "serverTLSSecret": f"{SERVER}-tls",
        "clientCASecret": f"{SERVER}-replication-tls",
        "replicationTLSSecret": f"{SERVER}-replication-tls",
    }
    for name in {*certificates.values(), found["superuserSecret"]["name"]}:
        assert secret(cluster, name)["metadata"]["labels"]["cnpg.io/reload"] == "true", name
        assert "ca.key" not in secret(cluster, name)["data"], "the servers may read it"
    superuser = secret(cluster, found["superuserSecret"]["name"])
    assert (superuser["type"], set(superuser["data"])) == ("kubernetes.io/basic-auth", {"username", "password"})
    assert superuser["data"]["password"] == secret(cluster, f"{SERVER}-secret")["data"]["postgres-password"]


def test_without_the_superuser_from_the_network_there_is_no_password_for_it() -> None:
    manifests = render(OWN | {"auth": {"superuserFromNetwork": False}})
    found = plain(manifests["Cluster", SERVER]["spec"])
    assert (found["enableSuperuserAccess"], "superuserSecret" in found) == (False, False)
    assert ("Secret", f"{SERVER}-superuser") not in manifests


def test_nobody_comes_in_without_tls_and_the_schema_job_by_its_certificate_alone() -> None:
    rules = spec()["postgresql"]["pg_hba"]
    assert rules[:2] == ["hostssl all billdb_hook all cert", "host all billdb_hook all reject"]
    assert rules[-1] == "host all all all reject", "before CloudNativePG's own, which asks for no TLS"
    assert all(rule.startswith("hostssl ") or rule.endswith(" reject") for rule in rules)
    [role] = spec()["managed"]["roles"]
    assert role == {"name": "billdb_hook", "superuser": True, "login": True, "disablePassword": True}


def test_the_settings_are_the_charts_but_for_those_that_are_cloudnativepgs() -> None:
    defaults = plain(render()["ConfigMap", f"{SERVER}-config"]["data"])
    written = {line.split(" = ")[0] for line in defaults["postgresql.conf"].splitlines() if " = " in line}
    parameters = spec()["postgresql"]["parameters"]
    taken = written - {"log_destination", "shared_preload_libraries", "include_if_exists"}
    assert set(parameters) == taken | FILLED | {"password_encryption", "ssl_min_protocol_version", *OF_REPLICAS}
    assert spec()["postgresql"]["shared_preload_libraries"] == ["pg_stat_statements"]


def test_every_option_is_in_the_words_of_the_cluster() -> None:
    given = EVERYTHING_ON_CLOUDNATIVEPG
    found = plain(render(given)["Cluster", SERVER]["spec"])
    assert (found["instances"], found["logLevel"], found["priorityClassName"]) == (5, "debug", "high")
    assert (found["imageName"], found["postgresUID"], found["postgresGID"]) == ("docker.io/library/postgres:17", 26, 26)
    assert found["imagePullSecrets"] == [{"name": "mirror.example.com"}]
    assert found["superuserSecret"] == {"name": "my-password"}
    parameters = found["postgresql"]["parameters"]
    assert parameters["max_wal_senders"] == "20", "cloudnativepg.spec lies over the rest"
    assert (parameters["work_mem"], parameters["jit"], parameters["password_encryption"]) == ("8MB", "false", "md5")
    assert found["postgresql"]["pg_hba"][0] == given["postgresql"]["hba"][0]
    assert found["storage"] == {"size": "2560Mi", "storageClass": "fast", "pvcTemplate": {"accessModes": ["ReadWriteOncePod"]}}
    [service] = found["managed"]["services"]["additional"]
    assert service["serviceTemplate"]["spec"] == {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}
    affinity = found["affinity"]
    assert (affinity["nodeSelector"], affinity["tolerations"]) == (given["nodeSelector"], given["tolerations"])
    assert affinity["nodeAffinity"] == given["affinity"]["nodeAffinity"]
    assert found["topologySpreadConstraints"] == given["topologySpreadConstraints"]
    assert found["inheritedMetadata"]["labels"] == {"app": SERVER, "tier": "database", "team": "billing", "mesh": "off"}
    assert (found["enablePDB"], found["stopDelay"], found["switchoverDelay"]) == (False, 45, 45)


def test_the_servers_reach_one_another_the_api_and_nobody_else_and_the_operator_reaches_them(cluster: Manifests) -> None:
    policy = plain(cluster["NetworkPolicy", f"{SERVER}-instances"]["spec"])
    servers = [{"podSelector": {"matchLabels": {"app": SERVER}}}]
    assert policy["podSelector"] == servers[0]["podSelector"]
    ports = [{"port": 5432, "protocol": "TCP"}, {"port": 8000, "protocol": "TCP"}]
    operator = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "cnpg-system"}}}]
    assert policy["ingress"] == [{"ports": ports, "from": servers}, {"ports": ports[1:], "from": operator}]
    api = {"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]}
    assert policy["egress"] == [{"ports": ports, "to": servers}, api]
    assert spec()["inheritedMetadata"]["labels"]["app"] == SERVER


def test_without_policies_the_servers_have_none_either() -> None:
    assert render(OWN | {"networkPolicy": {"enabled": False}, "metrics": {"enabled": True}}).of("NetworkPolicy") == []


def test_what_is_the_statefulsets_is_not_there(cluster: Manifests) -> None:
    kinds = {kind for kind, _ in cluster}
    assert not kinds & {"StatefulSet", "Service", "PodDisruptionBudget"}
    assert [o["metadata"]["name"] for o in cluster.of("PersistentVolumeClaim")] == [f"{SERVER}-backup-pvc"]
    assert cluster["ServiceAccount", f"{SERVER}-jobs"]["automountServiceAccountToken"] is False


def archive(values: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The ObjectStore's, the ScheduledBackup's and the Cluster's specification."""
    manifests = render(OWN | {"cloudnativepg": {"archive": {"enabled": True} | values}})
    name = f"{SERVER}-archive"
    found = (manifests["ObjectStore", name], manifests["ScheduledBackup", name], manifests["Cluster", SERVER])
    return plain(found[0]["spec"]), plain(found[1]["spec"]), plain(found[2]["spec"])


def test_the_archive_in_s3_is_asked_for_by_keys_or_by_the_servers_own_identity() -> None:
    s3 = {"endpoint": "https://s3.example.com", "bucket": "bills"}
    store, backup, cluster = archive({"s3": s3, "existingSecret": "keys", "caSecret": "ca"})
    configuration = store["configuration"]
    assert (configuration["destinationPath"], configuration["endpointURL"]) == ("s3://bills/billdb-archive", s3["endpoint"])
    assert configuration["s3Credentials"] == {
        "accessKeyId": {"name": "keys", "key": "AWS_ACCESS_KEY_ID"},
        "secretAccessKey": {"name": "keys", "key": "AWS_SECRET_ACCESS_KEY"},
    }
    assert (configuration["endpointCA"], store["retentionPolicy"]) == ({"name": "ca", "key": "ca.crt"}, "30d")
    [plugin] = cluster["plugins"]
    assert plugin["isWALArchiver"] is True
    assert plugin["parameters"] == {"barmanObjectName": f"{SERVER}-archive", "serverName": SERVER}
    assert backup == {
        "cluster": {"name": SERVER},
        "schedule": "0 0 17 * * *",
        "immediate": True,
        "backupOwnerReference": "self",
        "method": "plugin",
        "pluginConfiguration": {"name": plugin["name"]},
    }
    store, _, _ = archive({"s3": s3})
    assert store["configuration"]["s3Credentials"] == {"inheritFromIAMRole": True}


def test_the_archive_in_azure_is_asked_for_by_keys_or_by_the_servers_own_identity() -> None:
    azure = {"account": "billing", "container": "bills"}
    store, _, _ = archive({"type": "azure", "azure": azure, "existingSecret": "keys"})
    assert store["configuration"]["destinationPath"] == "https://billing.blob.core.windows.net/bills/billdb-archive"
    assert store["configuration"]["azureCredentials"] == {
        "storageAccount": {"name": "keys", "key": "AZURE_ACCOUNT_NAME"},
        "storageKey": {"name": "keys", "key": "AZURE_ACCOUNT_KEY"},
    }
    china = azure | {"endpointSuffix": "core.chinacloudapi.cn"}
    store, _, _ = archive({"type": "azure", "azure": china, "existingSecret": "keys"})
    assert store["configuration"]["destinationPath"] == "https://billing.blob.core.chinacloudapi.cn/billing/bills/billdb-archive"
    string = {"name": "keys", "key": "AZURE_STORAGE_CONNECTION_STRING"}
    assert store["configuration"]["azureCredentials"] == {"connectionString": string}
    store, _, _ = archive({"type": "azure", "azure": azure})
    assert store["configuration"]["azureCredentials"] == {"inheritFromAzureAD": True}


def test_a_recovery_reads_what_another_one_wrote_and_writes_under_a_name_of_its_own() -> None:
    found = plain(render(EVERYTHING_ON_CLOUDNATIVEPG)["Cluster", SERVER]["spec"])
    until = {"targetTime": "2026-11-24T10:15:00+09:00"}
    recovery = found["bootstrap"]["recovery"]
    assert (recovery["source"], recovery["recoveryTarget"]) == ("origin", until)
    [origin], [archiver] = found["externalClusters"], found["plugins"]
    names = [plugin["parameters"]["serverName"] for plugin in (origin["plugin"], archiver)]
    assert (origin["name"], names) == ("origin", ["orders", "orders-again"])


def test_the_servers_reach_the_store_of_the_archive_at_its_port() -> None:
    egress = plain(render(EVERYTHING_ON_CLOUDNATIVEPG)["NetworkPolicy", f"{SERVER}-instances"]["spec"]["egress"])
    store = {"ports": [{"port": 7070, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.0.0.2/32"}}]}
    assert store in egress
