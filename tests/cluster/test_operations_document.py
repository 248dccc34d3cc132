"""The commands of docs/operations.md, each as it is written, on a server that had something to say."""

from pathlib import Path

from harness.on_cluster import documents
from harness.on_cluster.release import Release
from harness.waiting import wait_for_words

REFUSALS = """
psql --command="SELECT 1 / 0" || :
PGUSER=bill_inquiry_user PGPASSWORD=wrong psql --command="" || :
PGUSER=bill_inquiry_user PGSSLMODE=disable psql --command="" || :
PGUSER=bill_inquiry_user PGDATABASE=template1 psql --command="" || :
psql --command="SELECT pg_sleep(1.1)"
"""


def test_every_search_finds_what_it_is_for(database: Release, tmp_path: Path) -> None:
    cluster = database.cluster
    uid = cluster.get("pod/postgresql-bill-inquiry-0")["metadata"]["uid"]
    database.ask("refused", REFUSALS)
    log, follow, errors, frequent, slow, failed, one, previous, others = documents.blocks("operations.md")
    everything = wait_for_words(lambda: documents.run(log, cluster, tmp_path), "SELECT pg_sleep(1.1)")
    assert 'FATAL:  no pg_hba.conf entry for host "' in everything
    assert ', user "bill_inquiry_user", database "bill_inquiry_db", no encryption' in everything
    assert 'FATAL:  pg_hba.conf rejects connection for host "' in everything
    assert everything.splitlines()[0] in documents.run(f"timeout 5 {follow.strip()} || [ $? = 124 ]", cluster, tmp_path)
    assert "division by zero" in documents.run(errors, cluster, tmp_path)
    assert "1 ERROR:  division by zero" in documents.run(frequent, cluster, tmp_path)
    assert "statement: SELECT pg_sleep(1.1)" in documents.run(slow, cluster, tmp_path)
    assert '1 authentication failed for user "bill_inquiry_user"' in documents.run(failed, cluster, tmp_path)
    assert "bill_inquiry_user@bill_inquiry_db from" in documents.run(one, cluster, tmp_path)
    told = documents.run(others, cluster, tmp_path)
    assert "prepare-volume: created a database cluster" in told
    assert "schema" in told
    cluster.kubectl("exec", "postgresql-bill-inquiry-0", "--", "pg_ctl", "stop", "--mode=fast", "--no-wait")
    wait_for_words(lambda: str(cluster.get("pod/postgresql-bill-inquiry-0")["status"]), "'restartCount': 1")
    assert "database system is shut down" in documents.run(previous, cluster, tmp_path)
    assert cluster.get("pod/postgresql-bill-inquiry-0")["metadata"]["uid"] == uid
