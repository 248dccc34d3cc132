"""A release of 14 in use becomes one of 18 on another volume, as docs/upgrades.md says it, goes back, and loses nothing."""

from itertools import pairwise
from pathlib import Path

import pytest

from harness.database.states import ROWS
from harness.kubernetes import CommandError
from harness.local import cluster, images, node
from harness.on_cluster import documents
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret
from harness.waiting import wait_for
from tests.cluster.test_upgrade_released import CONTENT

pytestmark = pytest.mark.local_node  # it loads images
PVC = "postgresql-bill-inquiry-pvc"
MOVE = {"image": {"tag": 18}, "persistence": {"volume": 18}}
# A client as the service is, a connection for each row: the second at which each was acknowledged.
WRITER = """
while :; do
  n=$((n + 1))
  psql -qAtXc "INSERT INTO bill_inquiry_history (request_id, line_number) VALUES ('W$n', '01011112222')" 2> /dev/null &&
    echo "row W$n $(date +%s.%N)"
  sleep 0.1
done
"""
WRITTEN = "SELECT request_id FROM bill_inquiry_history WHERE request_id LIKE 'W%'"
LEDGER = "SELECT version, sha256, applied_at FROM audit.schema_migration ORDER BY version"


@pytest.fixture(scope="module")
def filled(release: Release) -> Release:
    """A release of 14 with rows, on a cluster that has the image of 18."""
    running = node.first()
    cluster.load(running, images.archives(["14", "18"]))
    release.install()
    release.cluster.sql(ROWS)
    return release


def acknowledged(release: Release) -> dict[str, float]:
    """The rows that the writer was told of, and when."""
    lines = [line.split() for line in release.cluster.kubectl("logs", "pod/writer").splitlines()]
    return {line[1]: float(line[2]) for line in lines if line[0] == "row"}


def written(release: Release) -> set[str]:
    return set(release.cluster.sql(WRITTEN).splitlines())


def major(release: Release) -> str:
    return release.cluster.sql("SELECT current_setting('server_version_num')::int / 10000")


def test_the_documents_commands_move_a_release_in_use_and_lose_no_row(filled: Release, tmp_path: Path) -> None:
    content, ledger, passwords = filled.cluster.sql(CONTENT), filled.cluster.sql(LEDGER), filled.passwords()
    ca = secret(filled, "postgresql-bill-inquiry-ca")
    login = {"PGUSER": "bill_inquiry_user", "PGPASSWORD": passwords["bill_inquiry_user"], "PGCONNECT_TIMEOUT": "2"}
    filled.client("writer", WRITER, login)
    filled.cluster.kubectl("wait", "pod/writer", "--for=condition=Ready", "--timeout=240s")
    wait_for(lambda: len(acknowledged(filled)) > 5, "rows", 240)
    log = documents.run(documents.blocks("upgrades.md")[0], filled.cluster, tmp_path)
    before = len(acknowledged(filled))
    wait_for(lambda: len(acknowledged(filled)) > before + 5, "rows after the move", 240)
    told = acknowledged(filled)
    filled.cluster.kubectl("delete", "pod/writer", "--grace-period=0", "--force")
    assert "moved      PostgreSQL 14 to 18; writers have waited" in log
    assert "THE DATA WERE MOVED from the claim" in log
    assert (major(filled), told.keys() <= written(filled)) == ("18", True)
    filled.cluster.sql("DELETE FROM bill_inquiry_history WHERE request_id LIKE 'W%'")
    assert filled.cluster.sql(CONTENT).split("public.")[1:] == content.split("public.")[1:]
    assert (filled.cluster.sql(LEDGER), filled.passwords(), secret(filled, "postgresql-bill-inquiry-ca")) == (
        ledger,
        passwords,
        ca,
    )
    times = sorted(told.values())
    pause = max(after - before for before, after in pairwise(times))
    print(f"the service could not write for {pause:.1f} s")


def test_an_upgrade_that_forgets_the_values_is_refused_and_one_that_has_them_changes_nothing(filled: Release) -> None:
    uid = filled.cluster.get("pod/postgresql-bill-inquiry-0")["metadata"]["uid"]
    assert [line.split(":")[0] for line in filled.refused("upgrade")] == ["image.tag", "persistence.volume"]
    told = filled.upgrade(MOVE)
    assert ("STATUS: deployed" in told, "THE DATA WERE MOVED" in told) == (True, True)
    assert filled.cluster.get("pod/postgresql-bill-inquiry-0")["metadata"]["uid"] == uid
    assert filled.cluster.get(f"pvc/{PVC}-18")["metadata"]["annotations"]["billdb/moved-from"] == PVC


def test_back_is_a_rollback_to_the_data_of_then_and_the_way_up_is_open_again(filled: Release, tmp_path: Path) -> None:
    filled.cluster.sql("INSERT INTO system_config (config_key, config_value) VALUES ('since', '1')")
    history = filled.cluster.helm("history", filled.name, "--output=json")
    moving = history.count('"revision"') - 1
    back = documents.blocks("upgrades.md")[1].replace(" billdb ", f" billdb {moving - 1} ")
    documents.run(back, filled.cluster, tmp_path)
    since = "SELECT count(*) FROM system_config WHERE config_key = 'since'"
    assert (major(filled), filled.cluster.sql(since)) == ("14", "0")
    assert "Succeeded" in filled.cluster.helm("test", filled.name)
    with pytest.raises(CommandError, match="bill-inquiry-move"):
        filled.upgrade(MOVE)
    log = filled.cluster.kubectl("logs", "job/bill-inquiry-move")
    assert f"the volume {PVC}-18 has data already, and no move made them" in log
    assert filled.ask("client", "psql -Atc 'SELECT 1'") == (True, "1\n"), "the old server goes on"
    assert f"or kubectl delete job/bill-inquiry-move pvc/{PVC}-18" in log
    filled.cluster.kubectl("delete", "job/bill-inquiry-move", f"pvc/{PVC}-18")
    filled.upgrade(MOVE)
    assert major(filled) == "18"


def test_the_claim_that_is_left_goes_when_it_is_told_to(filled: Release, tmp_path: Path) -> None:
    documents.run(documents.blocks("upgrades.md")[2], filled.cluster, tmp_path)
    assert "THE DATA WERE MOVED" not in filled.upgrade(MOVE)
    filled.cluster.helm("uninstall", filled.name, "--wait")
    filled.install(MOVE)
    assert filled.cluster.sql("SELECT count(*) FROM bill_inquiry_history WHERE request_id LIKE 'R%'") == "500"
