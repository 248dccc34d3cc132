"""The drill of the newest snapshot: good, of damaged ones, killed; and what the Jobs of snapshots may do."""

import json
import re
from collections.abc import Iterator

import pytest

from harness.kubernetes import POD, CommandError
from harness.on_cluster.backups import run_now
from harness.on_cluster.release import Release
from harness.on_cluster.servers import kill_containers
from harness.waiting import wait_for
from tests.cluster.test_snapshots import CRONJOB, VALUES, result, started, usable

pytestmark = pytest.mark.local_node  # a CSI driver for tests runs in it

DRILL, COPY = f"{CRONJOB}-drill", f"{CRONJOB}-copy"
ALLOWED = {
    CRONJOB: {"volumesnapshots.snapshot.storage.k8s.io [] [get list create delete]"},
    DRILL: {
        "volumesnapshots.snapshot.storage.k8s.io [] [get list]",
        "persistentvolumeclaims [] [create]",
        "persistentvolumeclaims [postgresql-bill-inquiry-pvc] [get]",
        f"persistentvolumeclaims [{COPY}] [get delete]",
        f"statefulsets.apps [{COPY}] [get]",
        f"statefulsets.apps/scale [{COPY}] [patch]",
        f"pods [{COPY}-0] [get]",
        f"pods/log [{COPY}-0] [get]",
    },
}
# What a drill has come to when it is killed: nothing, the volume, the pod that is to come, the server on the copy.
KILLED_WHEN = (
    (),
    ((f"pvc/{COPY}", "--for=create"),),
    ((f"statefulset/{COPY}", "--for=jsonpath={.spec.replicas}=1"),),
    (  # the pod of this drill, and not the one that the drill before left
        (f"statefulset/{COPY}", "--for=jsonpath={.spec.replicas}=0"),
        (f"pod/{COPY}-0", "--for=delete"),
        (f"pod/{COPY}-0", "--for=create"),
        (f"pod/{COPY}-0", "--for=condition=Ready"),
    ),
)
FORBIDDEN = (
    "get secrets", "list secrets", "create pods", "delete pods", "create pods/exec", "get pods/log", "create jobs.batch",
    "patch cronjobs.batch", "patch statefulsets.apps", "patch statefulsets.apps/scale", "update persistentvolumeclaims",
    "delete persistentvolumeclaims", "patch volumesnapshots.snapshot.storage.k8s.io", "create serviceaccounts/token",
    "create rolebindings.rbac.authorization.k8s.io", "deletecollection volumesnapshots.snapshot.storage.k8s.io",
)  # fmt: skip


@pytest.fixture(scope="module")
def snapshots(csi_driver: None, release: Release) -> Iterator[Release]:
    """A release with a snapshot."""
    release.install(VALUES)
    run_now(release, CRONJOB, "first")
    yield release
    # One that never is usable holds on to its claim.
    release.cluster.kubectl("delete", "volumesnapshots", "--all")


def nothing_left(release: Release) -> bool:
    """Whether the drill's volume is gone, and its server has no pod."""
    copy = release.cluster.get(f"statefulset/{COPY}")
    there = release.cluster.kubectl("get", "pod,pvc", f"--selector=app={COPY}", "--output=name")
    return copy["spec"]["replicas"] == 0 and not there


def test_a_good_drill_says_what_it_saw_and_leaves_nothing(snapshots: Release) -> None:
    [newest] = usable(snapshots.cluster)
    log = run_now(snapshots, DRILL, "good")
    assert "automatic recovery in progress" in log
    succeeded, backup, message = result(snapshots, "snapshot-drill")
    assert (succeeded, backup) == ("t", newest)
    assert re.fullmatch(
        r"started in \d+ s, \d{2,} tables and \d{3,} indexes are sound, \d{2,} rows of the service's can be read", message
    )
    assert nothing_left(snapshots)


def test_an_upgrade_while_the_copy_has_a_pod_leaves_it_and_does_not_wait_for_it(snapshots: Release) -> None:
    snapshots.cluster.kubectl("scale", f"statefulset/{COPY}", "--replicas=1")
    assert "STATUS: deployed" in snapshots.upgrade(VALUES, timeout="120s")
    assert snapshots.cluster.get(f"statefulset/{COPY}")["spec"]["replicas"] == 1
    run_now(snapshots, DRILL, "after-an-upgrade")
    assert nothing_left(snapshots)


def test_a_damaged_index_is_named_and_a_mended_one_is_good_again(snapshots: Release) -> None:
    snapshots.cluster.sql("CREATE TABLE damaged AS SELECT g AS id FROM generate_series(1, 1000) AS g")
    snapshots.cluster.sql("CREATE UNIQUE INDEX damaged_id ON damaged (id)")
    snapshots.cluster.sql("CHECKPOINT")
    file = snapshots.cluster.sql("SELECT pg_relation_filepath('damaged_id')")
    damage = f"dd if=/dev/zero of=$PGDATA/{file} bs=1 seek=9000 count=500 conv=notrunc"
    snapshots.cluster.kubectl("exec", POD, "--container=postgresql", "--", "bash", "-c", damage)
    run_now(snapshots, CRONJOB, "with-damage")
    log = run_now(snapshots, DRILL, "of-damage", "Failed")
    succeeded, backup, message = result(snapshots, "snapshot-drill")
    assert (succeeded, backup) == ("f", list(usable(snapshots.cluster))[-1])
    assert message.startswith(f"{backup}: index public.damaged_id: invalid page in block 1")
    assert message in log
    assert nothing_left(snapshots)
    snapshots.cluster.sql("DROP TABLE damaged")
    run_now(snapshots, CRONJOB, "mended")
    run_now(snapshots, DRILL, "of-mended")


def test_a_snapshot_on_which_no_server_starts_fails_with_the_servers_own_words(snapshots: Release) -> None:
    def on_the_server(script: str) -> None:
        snapshots.cluster.kubectl("exec", POD, "--container=postgresql", "--", "bash", "-c", f"cd $PGDATA/global; {script}")

    # The snapshot Job's CHECKPOINT writes this file anew: so the volume is snapshotted as the Job does it, without one.
    snapshot = snapshots.cluster.get(f"volumesnapshot/{list(usable(snapshots.cluster))[-1]}")
    metadata = {"name": "without-control", "labels": snapshot["metadata"]["labels"]}
    made = {key: snapshot[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": metadata}
    on_the_server(
        "cp -p pg_control ../../kept; dd if=/dev/zero of=pg_control bs=1 seek=100 count=100 conv=notrunc; sync pg_control"
    )
    try:
        snapshots.cluster.kubectl("create", "--filename=-", stdin=json.dumps(made))
        snapshots.cluster.kubectl(
            "wait", "volumesnapshot/without-control", "--for=jsonpath={.status.readyToUse}=true", "--timeout=240s"
        )
    finally:
        on_the_server("cat ../../kept > pg_control; rm ../../kept; sync pg_control")
    log = run_now(snapshots, DRILL, "does-not-start", "Failed")
    assert result(snapshots, "snapshot-drill") == ["f", "without-control", "without-control: the server does not start on it"]
    assert "incorrect checksum in control file" in log
    assert nothing_left(snapshots)
    snapshots.cluster.kubectl("delete", "volumesnapshot/without-control")


def test_what_killed_drills_leave_the_next_one_removes(snapshots: Release) -> None:
    left = []
    for number, moment in enumerate(KILLED_WHEN):
        name = f"killed-{number}"
        snapshots.cluster.kubectl("create", "job", f"--from=cronjob/{DRILL}", name)
        uid = started(snapshots.cluster, name)
        for condition in moment:
            snapshots.cluster.kubectl("wait", *condition, "--timeout=240s")
        snapshots.cluster.kubectl("delete", f"job/{name}", "--cascade=orphan")  # or it would try again
        assert kill_containers(uid)
        left.append(not nothing_left(snapshots))
    assert sum(left) >= 2, "or nothing was killed in time"
    run_now(snapshots, DRILL, "after-the-killed")
    assert nothing_left(snapshots)


def test_a_drill_that_is_told_to_end_takes_its_volume_along(snapshots: Release) -> None:
    snapshots.cluster.kubectl("create", "job", f"--from=cronjob/{DRILL}", "told")
    snapshots.cluster.kubectl("wait", f"statefulset/{COPY}", "--for=jsonpath={.spec.replicas}=1", "--timeout=240s")
    snapshots.cluster.kubectl("delete", "job/told")
    told = "told to end before it was done; the next run begins anew"
    wait_for(lambda: result(snapshots, "snapshot-drill")[2] == told, "the drill to say that it was told to end", every=0.5)
    assert nothing_left(snapshots)


def rights(release: Release, account: str) -> set[str]:
    """What an account may do in the namespace, as RESOURCE [NAMES] [VERBS]."""
    who = f"--as=system:serviceaccount:{release.cluster.namespace}:{account}"
    listed = release.cluster.kubectl("auth", "can-i", "--list", "--no-headers", who)
    return {" ".join(line.split()).replace(" [] [", " [", 1) for line in listed.splitlines()}


@pytest.mark.parametrize("account", ALLOWED)
def test_an_account_may_do_what_the_document_says_and_nothing_else(snapshots: Release, account: str) -> None:
    assert rights(snapshots, account) - rights(snapshots, "default") == ALLOWED[account], (
        "what every account may is Kubernetes' own"
    )
    who = f"--as=system:serviceaccount:{snapshots.cluster.namespace}:{account}"
    for question in FORBIDDEN:
        with pytest.raises(CommandError, match="exited with 1:\nno"):
            snapshots.cluster.kubectl("auth", "can-i", *question.split(), who)
