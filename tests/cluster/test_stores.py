"""The store that the tests of the backups use is one to restic, and goes away and comes back with what it had."""

from collections.abc import Iterator

import pytest
import yaml

from harness import image
from harness.kubernetes import Cluster
from harness.on_cluster import pods, s3
from harness.on_cluster.release import Release
from harness.on_cluster.s3 import S3

pytestmark = pytest.mark.local_node  # the store runs on its node
BACKUP = "echo 요금 | restic backup --stdin --stdin-filename bill"


@pytest.fixture(scope="module")
def store(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3.running(release.cluster, tmp_path_factory.mktemp("s3")) as store:
        yield store


def restic(cluster: Cluster, store: S3, name: str, script: str) -> tuple[bool, str]:
    """Run restic on the store in a pod of its image; returns whether it succeeded, and its log."""
    options = "--no-cache --cacert=/store/ca.crt --retry-lock=0 --stuck-request-timeout=5s"
    pod = pods.manifest(name, f'restic() {{ /usr/bin/restic {options} "$@"; }}; set -e; {script}')
    [container] = pod["spec"]["containers"]
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    container |= {
        "image": image.restic(),
        "command": ["sh", *container["command"][1:]],
        "env": [
            {"name": "RESTIC_REPOSITORY", "value": f"s3:{store.endpoint}/{s3.BUCKET}/billdb"},
            {"name": "RESTIC_PASSWORD", "value": "of a test"},
            *({"name": key, "valueFrom": {"secretKeyRef": {"name": s3.SECRET, "key": key}}} for key in keys),
        ],
        "volumeMounts": [{"name": "store", "mountPath": "/store"}],
    }
    pod["spec"]["volumes"] = [{"name": "store", "secret": {"secretName": s3.SECRET}}]
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(pod))
    cluster.kubectl("wait", f"pod/{name}", "--for=jsonpath={.status.containerStatuses[0].state.terminated}", "--timeout=240s")
    [status] = cluster.get(f"pod/{name}")["status"]["containerStatuses"]
    return status["state"]["terminated"]["exitCode"] == 0, cluster.kubectl("logs", name)


def test_restic_of_a_pod_backs_up_to_the_store_and_reads_it_again(release: Release, store: S3) -> None:
    done, log = restic(release.cluster, store, "first", f"restic init; {BACKUP}; restic dump latest bill; restic check")
    assert (done, "요금\n" in log, "no errors were found" in log) == (True, True, True), log
    assert (store.bucket / "billdb" / "config").is_file()


def test_store_that_went_away_has_what_it_had_when_it_is_back(release: Release, store: S3) -> None:
    store.stop()
    done, log = restic(release.cluster, store, "away", "timeout 20 /usr/bin/restic --no-cache --cacert=/store/ca.crt snapshots")
    assert not done, log
    store.start()
    done, log = restic(release.cluster, store, "back", "restic dump latest bill")
    assert (done, "요금" in log) == (True, True), log
