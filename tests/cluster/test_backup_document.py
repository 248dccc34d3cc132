"""The commands of docs/backup.md, each as it is written, in the order in which they stand there."""

from pathlib import Path

import pytest

from harness.on_cluster import documents, s3
from harness.on_cluster.backups import backup, results
from harness.on_cluster.release import Release

pytestmark = pytest.mark.local_node  # the store runs on its node


def test_every_command_does_what_the_document_says(database: Release, tmp_path: Path) -> None:
    by_hand, last, dump, password, to_a_store, suspend, restic = documents.blocks("backup.md")
    cluster = database.cluster
    assert "added to the repository" in documents.run(by_hand, cluster, tmp_path)
    assert "(1 row)" in documents.run(last, cluster, tmp_path)
    documents.run(dump, cluster, tmp_path)
    [file] = tmp_path.glob("bill_inquiry_backup_*.sql")
    assert "PostgreSQL database dump complete" in file.read_text()
    assert len(documents.run(password, cluster, tmp_path)) == 32
    documents.run(suspend, cluster, tmp_path)
    assert "1 snapshots" in documents.run(restic, cluster, tmp_path)
    with s3.running(cluster, tmp_path / "s3") as store:
        (tmp_path / "ca.crt").write_text(store.ca)
        documents.run(to_a_store, cluster, tmp_path, store.given)
        made = backup(database, "to-the-store")
        assert (store.bucket / "billdb" / "config").is_file()
        assert results(database, "backup")[-1]["backup"] == made
