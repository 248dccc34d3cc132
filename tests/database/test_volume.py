"""The server's scripts on volumes as others leave them: what they take, what they refuse, and with which words."""

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from harness.database.volumes import MOUNT, PREPARE, Pod, pod
from harness.waiting import wait_for_words
from tests.database.versions import oldest, oldest_and_newest

DECIDED = {
    "hba_file": "/etc/postgresql/pg_hba.conf",
    "ident_file": "/etc/postgresql/pg_ident.conf",
    "listen_addresses": "*",
    "password_encryption": "scram-sha-256",
    "port": "5432",
    "ssl": "off",
    "unix_socket_directories": "/var/run/postgresql",
}
OTHERWISE = {
    "hba_file": "/tmp/hba",
    "ident_file": "/tmp/ident",
    "listen_addresses": "127.0.0.2",
    "password_encryption": "md5",
    "port": "6000",
    "ssl": "on",
    "unix_socket_directories": "/tmp",
}


@pytest.fixture
def folder(request: pytest.FixtureRequest, engine: None, tmp_path: Path) -> tuple[str, Path]:
    """A major version, and a folder for its volume."""
    return request.param, tmp_path


@pytest.fixture
def new(folder: tuple[str, Path]) -> Iterator[Pod]:
    """A pod on an empty volume."""
    with pod(*folder) as made:
        yield made


@pytest.fixture(scope="session")
def prepared(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the volume of a major version as the first start leaves it; it is to be copied, for initdb takes its seconds."""

    @cache
    def of(major: str) -> Path:
        folder = tmp_path_factory.mktemp(f"volume-{major}-")
        with pod(major, folder) as first:
            first.check(PREPARE)
        return folder / "volume"

    return of


@pytest.fixture
def old(folder: tuple[str, Path], prepared: Callable[[str], Path]) -> Iterator[Pod]:
    """A pod on a volume that has a database cluster."""
    major, place = folder
    subprocess.run(["cp", "--archive", prepared(major), place / "volume"], check=True)
    with pod(major, place) as made:
        yield made


def test_what_the_chart_decides_holds_whatever_alter_system_wrote(old: Pod) -> None:
    for name, value in OTHERWISE.items():
        old.alone(f"ALTER SYSTEM SET {name} = '{value}'")
    old.check(PREPARE)
    old.serve()
    assert {name: old.sql(f"SHOW {name}") for name in DECIDED} == DECIDED


@pytest.mark.parametrize(
    "setting", ["standard_conforming_strings = off", "log_statement = 'all'", "default_transaction_read_only = on"]
)
def test_settings_of_the_volume_neither_print_the_password_nor_run_what_it_says(old: Pod, setting: str) -> None:
    password = "pass\\'; CREATE ROLE intruder SUPERUSER --"
    for scope in ("DATABASE postgres", "SYSTEM"):
        old.alone(f"ALTER {scope} SET {setting}")
    old.password(password)
    log = old.check(PREPARE)
    assert "pass" not in log.replace("password", "")
    old.serve()
    assert old.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'intruder'") == "0"
    assert old.sql("SELECT current_user", PGUSER="postgres", PGPASSWORD=password) == "postgres"


@oldest_and_newest
def test_a_superuser_of_another_name_is_refused_with_the_way_to_rename_it(new: Pod) -> None:
    new.check(f"initdb --username=Admin --pgdata={MOUNT}/data")
    refused = new.run(PREPARE)
    told = "the superuser of this volume is Admin, and the chart needs it to be postgres: rename it in its old installation"
    assert (refused.status, told in refused.log, 'ALTER ROLE "Admin" RENAME TO postgres' in refused.log) == (1, True, True)


@oldest_and_newest
def test_the_way_to_rename_it_makes_the_volume_start(new: Pod) -> None:
    new.check(f"initdb --username=Admin --pgdata={MOUNT}/data")
    new.alone("CREATE ROLE other SUPERUSER LOGIN")
    new.check("pg_ctl start -w -l /tmp/log -o '-c unix_socket_directories=/var/run/postgresql'")
    new.sql('ALTER ROLE "Admin" RENAME TO postgres', PGUSER="other")
    new.stop()
    new.check(PREPARE)


@oldest_and_newest
def test_data_of_another_user_is_refused_with_both_ids(old: Pod) -> None:
    old.check(f"chown -R 1001 {MOUNT}/data", user=0)
    refused = old.run(PREPARE)
    told = f"{MOUNT}/data belongs to user id 1001, this pod runs as 999: set image.profile or image.user to that user"
    assert (refused.status, refused.log) == (1, f"prepare-volume: ERROR: {told}\n")


@oldest_and_newest
def test_a_volume_that_may_not_be_written_is_refused_with_both_ids(new: Pod) -> None:
    new.check(f"chown 0 {MOUNT} && chmod 0755 {MOUNT}", user=0)
    refused = new.run(PREPARE)
    told = f"user id 999 may not write to {MOUNT}, which belongs to user id 0: let it, or set image.user"
    assert (refused.status, refused.log) == (1, f"prepare-volume: ERROR: {told}\n")


@oldest_and_newest
@pytest.mark.parametrize("content", ["two\nlines", "two\n\n", "\ntwo"])
def test_a_password_of_more_than_one_line_is_refused_before_the_volume_is_touched(new: Pod, content: str) -> None:
    new.password(content)
    refused = new.run(PREPARE)
    assert (refused.status, "the Secret's password of postgres has more than one line" in refused.log) == (1, True)
    assert new.check(f"ls -A {MOUNT}") == ""


@oldest_and_newest
def test_a_line_end_is_no_part_of_the_password(new: Pod) -> None:
    new.password("secret\n")
    new.check(PREPARE)
    new.serve()
    assert new.sql("SELECT 1", PGUSER="postgres", PGPASSWORD="secret") == "1"


@oldest_and_newest
@pytest.mark.parametrize("signal", ["recovery.signal", "standby.signal"])
def test_a_volume_in_recovery_is_left_as_it_is(old: Pod, signal: str) -> None:
    old.check(f"touch $PGDATA/{signal}")
    state = f"cd $PGDATA && find . -type f -exec sha256sum {{}} + | sort && ls {signal}"
    before = old.check(state)
    assert "to be recovered from an archive or to follow another server" in old.check(PREPARE)
    assert old.check(state) == before


@oldest
def test_an_image_without_flock_is_refused(new: Pod) -> None:
    new.check("rm /usr/bin/flock", user=0)
    refused = new.run(PREPARE)
    assert (refused.status, "the image has no flock" in refused.log) == (1, True)
    assert new.check(f"ls -A {MOUNT}") == ""


@oldest_and_newest
@pytest.mark.parametrize("script", ["prepare-volume", "start-server"])
def test_nobody_writes_a_volume_that_another_pods_server_still_has(old: Pod, folder: tuple[str, Path], script: str) -> None:
    old.serve()
    old.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    holder = old.check("hostname").strip()
    with pod(*folder) as other:
        other.check(f"touch /tmp/log; (bash /etc/postgresql/{script}.sh; echo ended) &> /tmp/log &")
        waiting = wait_for_words(lambda: other.check("cat /tmp/log"), "waiting for the volume")
        assert f"start-server of pod {holder}, since " in waiting
        assert other.check(f"ls {MOUNT}/data/postmaster.pid") == f"{MOUNT}/data/postmaster.pid\n"
        assert old.sql("SELECT answer FROM kept") == "42"
        old.check("kill -QUIT $(head -n 1 $PGDATA/postmaster.pid)")
        wait_for_words(lambda: other.check("cat /tmp/log"), "the volume is free")
        if script == "prepare-volume":
            wait_for_words(lambda: other.check("cat /tmp/log"), "ended")
            other.serve()
        other.check("until pg_isready -q -t 1; do :; done")
        assert other.sql("SELECT answer FROM kept") == "42"


@oldest_and_newest
def test_a_killed_servers_process_id_may_be_that_of_the_next_pods_script(old: Pod) -> None:
    old.serve()
    old.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    old.check("kill -KILL $(head -n 1 $PGDATA/postmaster.pid); while pgrep postgres; do :; done")
    # In a pod both are process 1; here the script starts under the id that is in the file.
    old.check(f'sed -i "1s/.*/$$/" $PGDATA/postmaster.pid && exec {PREPARE}')
    old.serve()
    assert old.sql("SELECT answer FROM kept") == "42"


@oldest_and_newest
def test_a_killed_servers_socket_may_be_locked_by_the_id_of_another_process(old: Pod) -> None:
    old.serve()
    old.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    old.check("kill -KILL $(head -n 1 $PGDATA/postmaster.pid); while pgrep postgres; do :; done")
    # With a log of JSON the server's id is another in each life of the container, and the old one may be its log collector's.
    old.check("sleep 600 > /tmp/sleeping 2>&1 & sed -i 1s/.*/$!/ /var/run/postgresql/.s.PGSQL.5432.lock")
    old.serve()
    assert old.sql("SELECT answer FROM kept") == "42"


# The oldest and the newest: the chart's limit is one setting, and 4 GiB of files take their time.
@oldest_and_newest
def test_a_slot_whose_client_stays_away_is_given_up_before_its_wal_fills_the_volume(old: Pod) -> None:
    old.serve("-c fsync=off -c wal_init_zero=off")  # files of WAL that take no room
    old.sql("SELECT pg_create_physical_replication_slot('behind', true)")
    old.sql("DO $$BEGIN FOR i IN 1..300 LOOP PERFORM pg_logical_emit_message(false, '', ''), pg_switch_wal(); END LOOP; END$$")
    old.sql("CHECKPOINT")
    assert old.sql("SELECT wal_status FROM pg_replication_slots") == "lost"
    assert old.sql("SELECT sum(size) < pg_size_bytes('4GB') FROM pg_ls_waldir()") == "t"
