"""Which modules are begun first where several workers share the tests: those that take longest.

One that is begun last is waited for by its worker alone, while the others have nothing left to do. Who writes a module that takes
minutes adds it here: `--durations=0` tells. What is not named comes afterwards, as it was collected.

Those of several servers, which take most of the processors, begin between others, and few are at work at a time: where more are,
everybody waits for a processor until limits are over.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OF_SEVERAL_SERVERS = (
    "cluster/test_cloudnativepg_nodes.py",
    "cluster/test_cloudnativepg_faults.py",
    "cluster/test_alerts_archive.py",
    "cluster/test_alerts_cloudnativepg.py",
    "cluster/test_cloudnativepg_lifecycle.py",
    "cluster/test_cloudnativepg_snapshots.py",
    "cluster/test_cloudnativepg_brought.py",
    "cluster/test_cloudnativepg_backup.py",
    "cluster/test_cloudnativepg_pooler.py",
)
OTHERS = (
    "cluster/test_alerts_backups.py",
    "cluster/test_alerts_snapshots.py",
    "cluster/test_alerts_disk.py",
    "cluster/test_alerts_data.py",
    "cluster/test_cloudnativepg_recovery.py",
    "cluster/test_alerts_release.py",
    "cluster/test_alerts_load.py",
    "cluster/test_alerts_pooler.py",
    "cluster/test_snapshots.py",
    "cluster/test_snapshot_drill.py",
    "cluster/test_nodes.py",
    "cluster/test_cloudnativepg_upgrade.py",
    "cluster/test_modes.py",
    "cluster/test_cloudnativepg_move.py",
    "cluster/test_certmanager.py",
    "cluster/test_rotation.py",
    "cluster/test_backup_s3.py",
    "cluster/test_faults.py",
    "cluster/test_storage.py",
    "cluster/test_secrets_stay_secret.py",
    "cluster/test_move.py",
    "cluster/test_restore.py",
    "cluster/test_access.py",
    "cluster/test_move_each.py",
    "cluster/test_nothing_lost.py",
    "cluster/test_backup.py",
    "database/test_move_interrupted.py",
    "database/test_restore_interrupted.py",
    "database/test_backups.py",
    "database/test_move.py",
    "database/test_busy.py",
    "database/test_restore.py",
    "database/test_drill.py",
    "database/test_restore_attacked.py",
    "database/test_interrupted.py",
    "database/test_volume.py",
)
BETWEEN = 2  # others after each of several servers
SEVERAL = {TESTS / module for module in OF_SEVERAL_SERVERS}
LONGEST = (
    tuple(
        module
        for place, several in enumerate(OF_SEVERAL_SERVERS)
        for module in (several, *OTHERS[BETWEEN * place : BETWEEN * (place + 1)])
    )
    + OTHERS[BETWEEN * len(OF_SEVERAL_SERVERS) :]
)
RANKS = {TESTS / module: rank for rank, module in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of these modules first, those of each in the order that they have."""
    items.sort(key=lambda item: RANKS.get(item.path, len(RANKS)))
