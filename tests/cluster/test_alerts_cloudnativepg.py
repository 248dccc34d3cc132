"""Alerts of servers that stand in for one another, each fired by the thing itself and ended by its end."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.dashboard import plan, replication
from harness.dashboard.asking import queries
from harness.kubernetes import Cluster
from harness.on_cluster import cloudnativepg as operator
from harness.on_cluster import documents
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.monitoring import WATCHED, Monitoring
from harness.on_cluster.release import Release, merged
from harness.waiting import wait_for
from tests.cluster.alerting import tuned, understood, untold
from tests.cluster.test_runbooks import RUNBOOKS, diagnose
from tests.render.alerting import OF_INSTANCES
from tests.render.test_metrics_known import OTHERS

pytestmark = pytest.mark.local_node

FIRES = {
    "BilldbArchiveFailing": "test_an_archive_that_fails_is_told_of_before_and_after_a_failover",
    "BilldbInstanceFailing": "test_an_instance_that_is_fenced_fails_and_is_missing",
    "BilldbInstancesMissing": "test_an_instance_that_is_fenced_fails_and_is_missing",
    "BilldbNoSynchronousStandby": "test_standbys_that_may_not_log_in_receive_nothing_and_commits_wait",
    "BilldbReplicaNotStreaming": "test_standbys_that_may_not_log_in_receive_nothing_and_commits_wait",
    "BilldbReplicationLag": "test_a_standby_that_does_not_replay_is_behind",
}
FENCED = "cnpg.io/fencedInstances"
KEY = {"name": "postgresql-bill-inquiry-secret", "key": "postgres-password"}
# An archive of CloudNativePG's own, whose programs the image does not have: every segment fails.
BROKEN = {
    "barmanObjectStore": {
        "destinationPath": "s3://nowhere/",
        "endpointURL": "https://nowhere.invalid",
        "s3Credentials": {"accessKeyId": KEY, "secretAccessKey": KEY},
    }
}
VALUES: dict[str, Any] = {
    "metrics": {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "billdb-monitoring"}}}]},
    # What the servers tell is new at every scrape.
    "cloudnativepg": {"spec": {"monitoring": {"metricsQueriesTTL": "2s"}, "backup": BROKEN}},
}
LAG = {"BilldbReplicationLag": {"threshold": 5}}


@pytest.fixture(scope="module")
def watched(cloudnativepg: None, exporter_image: None, monitoring: Monitoring, release: Release) -> Iterator[Instances]:
    """Three servers and their exporter under watch."""
    found = Instances(release)
    alerts = tuned({name: LAG.get(name, {}) for name in OF_INSTANCES})
    release.install(merged(merged(merged(operator.SMALL, WATCHED), alerts), VALUES))
    found.wait_healthy()
    monitoring.wait_watched(release)
    yield found
    release.cluster.kubectl("delete", f"cluster/{NAME}", "--ignore-not-found")


def patched(instances: Instances, patch: dict[str, Any]) -> None:
    instances.release.cluster.kubectl("patch", f"cluster/{NAME}", "--type=merge", f"--patch={json.dumps(patch)}")


def fence(instances: Instances, pods: list[str]) -> None:
    patched(instances, {"metadata": {"annotations": {FENCED: json.dumps(pods) if pods else None}}})


def test_each_instance_is_asked_and_the_exporter_sees_the_primary(watched: Instances, monitoring: Monitoring) -> None:
    here = f'namespace="{watched.release.cluster.namespace}",server="{NAME}"'
    pods, read = set(watched.pods()), OTHERS["CloudNativePG's instances"]
    assert len(read) > 5

    def silent() -> list[str]:
        asked = {sample.labels["pod"] for sample in monitoring.query(f"cnpg_collector_up{{{here}}} == 1")}
        return sorted(pods - asked) + [name for name in sorted(read) if not monitoring.query(f"{name}{{{here}}}")]

    # The last one may have begun just now.
    wait_for(lambda: not silent(), "every instance to tell what alerts read", 240, lambda: str(silent()), every=1)
    # Neither may the exporter have found the primary yet.
    wait_for(partial(monitoring.query, f"pg_up{{{here}}} == 1"), "the exporter to see the primary", 240, every=1)
    # The schema Job may have been about its work when it was asked first.
    good = f"pg_exporter_last_scrape_error{{{here}}} == 0"
    log = ("logs", f"deployment/{NAME}-metrics", "--tail=20")
    wait_for(partial(monitoring.query, good), good, 240, lambda: watched.release.cluster.kubectl(*log), every=1)
    # The exporter keeps for a minute what it was told, also that the function was not there yet.
    told = wait_for(
        partial(monitoring.query, f"billdb_certificate_end_seconds{{{here}}}"), "the certificates' ends", 240, every=1
    )
    ends = {sample.labels["certificate"]: sample.value for sample in told}
    assert set(ends) == {"server", "ca", "schema", "schema-ca", "replication"}
    assert min(ends.values()) > 0


def test_the_dashboards_rows_find_the_instances(watched: Instances, monitoring: Monitoring) -> None:
    chosen = {"namespace": watched.release.cluster.namespace, "server": NAME, "claim": watched.primary(), "__rate_interval": "2m"}
    asked = queries([*replication.panels(), *plan.panels()], chosen)
    # Who is not here, and what the kubelet tells of a CSI driver's volumes alone.
    asked = {name: query for name, query in asked.items() if not re.search("bill_inquiry_user|kubelet_volume", query)}
    # The kubelet's metrics of a pod begin some time after the pod.
    for name, query in asked.items():
        wait_for(partial(monitoring.query, query), f"an answer to {name}: {query}", 180, every=1)
    assert len(asked) > 10


def test_an_instance_that_is_fenced_fails_and_is_missing(watched: Instances, monitoring: Monitoring) -> None:
    release = watched.release
    pod = watched.replicas()[-1]
    for alert in ("BilldbInstanceFailing", "BilldbInstancesMissing"):
        untold(release, monitoring, alert)
    fence(watched, [pod])
    understood(monitoring.wait_firing(release, "BilldbInstanceFailing", {"pod": pod}), pod, "is fenced")
    understood(monitoring.wait_firing(release, "BilldbInstancesMissing"), "1 of 3 instances")
    assert pod in diagnose("BilldbInstanceFailing", release.cluster)
    assert diagnose("BilldbInstancesMissing", release.cluster)
    fence(watched, [])
    monitoring.wait_cleared(release, "BilldbInstanceFailing", {"pod": pod})
    monitoring.wait_cleared(release, "BilldbInstancesMissing")
    watched.wait_healthy()


def test_a_standby_that_does_not_replay_is_behind(watched: Instances, monitoring: Monitoring) -> None:
    release = watched.release
    pod = watched.replicas()[0]
    watched.sql("SELECT pg_wal_replay_pause()", pod)
    watched.sql("CREATE TABLE public.behind AS SELECT 1 AS one")
    understood(monitoring.wait_firing(release, "BilldbReplicationLag", {"pod": pod}), pod, "behind")
    assert pod in diagnose("BilldbReplicationLag", release.cluster)
    watched.sql("SELECT pg_wal_replay_resume()", pod)
    monitoring.wait_cleared(release, "BilldbReplicationLag", {"pod": pod})


def test_standbys_that_may_not_log_in_receive_nothing_and_commits_wait(watched: Instances, monitoring: Monitoring) -> None:
    release = watched.release
    one, other = watched.replicas()
    watched.sql("ALTER ROLE streaming_replica NOLOGIN")
    watched.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
    understood(monitoring.wait_firing(release, "BilldbNoSynchronousStandby"), "every commit waits")
    for pod in (one, other):
        understood(monitoring.wait_firing(release, "BilldbReplicaNotStreaming", {"pod": pod}), pod, "receives no changes")
    assert diagnose("BilldbNoSynchronousStandby", release.cluster)
    assert diagnose("BilldbReplicaNotStreaming", release.cluster)
    watched.sql("SET synchronous_commit = local; ALTER ROLE streaming_replica LOGIN")
    monitoring.wait_cleared(release, "BilldbNoSynchronousStandby")
    for pod in (one, other):
        monitoring.wait_cleared(release, "BilldbReplicaNotStreaming", {"pod": pod})
    watched.wait_healthy()


def test_an_archive_that_fails_is_told_of_before_and_after_a_failover(watched: Instances, monitoring: Monitoring) -> None:
    release = watched.release
    first = watched.primary()
    watched.sql("SELECT pg_switch_wal()")
    understood(monitoring.wait_firing(release, "BilldbArchiveFailing", {"pod": first}), first, "does not archive")
    release.cluster.kubectl("delete", f"pod/{first}", "--force", "--grace-period=0")
    second = watched.wait_primary(first)
    understood(monitoring.wait_firing(release, "BilldbArchiveFailing", {"pod": second}), second, "does not archive")
    monitoring.wait_cleared(release, "BilldbArchiveFailing", {"pod": first})
    # The commands look for the primary by the label, which the operator sets last.
    labelled = r"--for=jsonpath={.metadata.labels.cnpg\.io/instanceRole}=primary"
    release.cluster.kubectl("wait", f"pod/{second}", labelled, "--timeout=240s")
    assert second in diagnose("BilldbArchiveFailing", release.cluster)
    patched(watched, {"spec": {"backup": None}})
    wait_for(
        lambda: watched.sql("SELECT last_archived_time > last_failed_time FROM pg_stat_archiver") == "t",
        "a segment to be archived",
    )
    monitoring.wait_cleared(release, "BilldbArchiveFailing", {"pod": second})


def test_a_replica_is_made_anew_as_the_runbooks_say(watched: Instances, tmp_path: Path) -> None:
    watched.wait_healthy()
    pod, cluster = watched.replicas()[-1], watched.release.cluster
    volume = cluster.get(f"pvc/{pod}")["metadata"]["uid"]
    texts = [(RUNBOOKS / f"{name}.md").read_text() for name in ("BilldbInstancesMissing", "BilldbReplicaNotStreaming")]
    [cure] = {found for text in texts for found in re.findall("`(kubectl delete pvc/.*?)`", text)}
    documents.run(cure, cluster, tmp_path, {f"{NAME}-N": pod})
    watched.wait_healthy()
    claims = cluster.get("pvc", f"--selector=cnpg.io/cluster={NAME}")["items"]
    assert len(claims) == 3
    assert volume not in [claim["metadata"]["uid"] for claim in claims]


def test_the_last_of_three_servers_is_promoted_when_somebody_says_so(watched: Instances, tmp_path: Path) -> None:
    cluster, primary = watched.release.cluster, watched.primary()
    watched.wait_healthy()
    lost, left = watched.replicas()
    watched.sql("CREATE TABLE public.last_words AS SELECT 42 AS answer")
    wait_for(lambda: watched.sql("SELECT to_regclass('last_words') IS NOT NULL", left) == "t", f"{left} to have it")
    cluster.kubectl("create", "quota", "no-more-volumes", "--hard=persistentvolumeclaims=0")
    cluster.kubectl("delete", f"pvc/{primary}", f"pvc/{lost}", "--wait=false")
    cluster.kubectl("delete", f"pod/{primary}", f"pod/{lost}", "--force", "--grace-period=0")
    look, promote = documents.blocks("runbooks/BilldbDown.md")[-2:]
    decided = partial(Cluster(cluster.kubeconfig, operator.NAMESPACE).kubectl, "logs", operator.OPERATOR, "--since=5m")

    def refused() -> bool:
        return any(cluster.namespace in line and "Preventing failover" in line for line in decided().splitlines())

    wait_for(refused, "the operator to promote nobody", 240, watched.told, every=1)
    assert "-3" in documents.run(look, cluster, tmp_path)
    assert not watched.takes_writes(left), "it may lack commits"
    documents.run(promote, cluster, tmp_path)
    wait_for(lambda: watched.takes_writes(left), f"{left} to take writes", 240, watched.told)
    assert watched.sql("SELECT answer FROM last_words") == "42"
    cluster.kubectl("delete", "quota", "no-more-volumes")
    # One that was made before the volume of this name was gone waits for it for ever.
    cluster.kubectl("delete", "jobs", "--selector=cnpg.io/jobRole=join")
    watched.wait_healthy()
    documents.run(promote.replace("=preferred", "=required").replace("=false", "=true"), cluster, tmp_path)
