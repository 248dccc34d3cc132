"""What monitoring's role asks the server, as it asks it, and that it learns nothing else: no customer, no line, no bill."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from psycopg import sql

from harness import metrics_table
from harness.chart import render
from harness.database.servers import Server
from tests.render.reading import container, environment

ROLE = "bill_monitoring_user"
QUERIES = metrics_table.queries()
# The columns that it may read; of every other table and column it may read nothing.
COLUMNS = {
    "public.bill_inquiry_history": {"status", "request_time", "cache_hit"},
    "public.kos_inquiry_history": {"result_code", "request_time", "retry_count"},
    "public.bill_info_cache": {"expires_at"},
    "audit.schema_migration": {"version", "description", "chart_version", "applied_at"},
    "audit.backup_run": {
        "id", "kind", "started_at", "finished_at", "succeeded", "backup", "bytes", "added_bytes", "message", "release",
        "chart_version",
    },
}  # fmt: skip
ALL_COLUMNS = """
SELECT nspname, relname, attname
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname IN ('public', 'cache', 'audit') AND relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
"""
ROWS = """
INSERT INTO bill_inquiry_history (request_id, line_number, status, cache_hit, request_time)
SELECT 'R' || n, '01011112222', status, cache_hit, now() AT TIME ZONE 'Asia/Seoul' - age
FROM (VALUES
    (1, 'COMPLETED', TRUE, INTERVAL '1 min'), (2, 'COMPLETED', FALSE, '2 min'), (3, 'FAILED', NULL, '3 min'),
    (4, 'PROCESSING', NULL, '4 min'), (5, 'PROCESSING', NULL, '1 h'), (6, 'COMPLETED', TRUE, '6 min')
) AS one (n, status, cache_hit, age);
INSERT INTO kos_inquiry_history (line_number, result_code, retry_count, request_time)
SELECT '01011112222', code, retries, now() AT TIME ZONE 'Asia/Seoul' - age
FROM (VALUES
    ('0000', 0, INTERVAL '1 min'), ('0000', 2, '1 min'), ('9999', 3, '1 min'), (NULL, 1, '1 min'), (NULL, 7, '1 s'),
    ('0000', 9, '6 min')
) AS one (code, retries, age)
UNION ALL
SELECT '01011112222', 'X' || n, 0, now() AT TIME ZONE 'Asia/Seoul' FROM generate_series(10, 39) AS n;
INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at)
SELECT 'K' || n, '01011112222', '2026-10', '{}', now() AT TIME ZONE 'Asia/Seoul' + (n - 30.5) * INTERVAL '1 min'
FROM generate_series(1, 100) AS n;
INSERT INTO audit.backup_run (kind, started_at, finished_at, succeeded, bytes, added_bytes, release, chart_version) VALUES
('backup', '2026-11-01 00:00+00', '2026-11-01 00:01+00', TRUE, 700, 70, 'billdb', '0.5.0'),
('backup', '2026-11-02 00:00+00', '2026-11-02 00:02+00', FALSE, NULL, NULL, 'billdb', '0.5.0'),
('drill', '2026-11-03 00:00+00', '2026-11-03 00:03+00', TRUE, 600, 0, 'billdb', '0.5.0');
"""


def options() -> dict[str, str]:
    """What the exporter's connection sets, as the chart gives it."""
    uri = environment(container(render({"metrics": {"enabled": True}}), "metrics"))["DATA_SOURCE_URI"]
    given = dict(parse_qsl(urlsplit(f"//{uri}").query))
    return {key: value for key, value in given.items() if not key.startswith(("ssl", "connect"))}


@pytest.fixture
def client(server: Server, name: str, migrated: None) -> Iterator[psycopg.Connection]:
    """The exporter's connection."""
    settings = options()
    assert settings["search_path"] == "pg_catalog"
    with server.connect(ROLE, name, options=" ".join(f"-c {key}={value}" for key, value in settings.items())) as connection:
        yield connection


@pytest.fixture
def owner(server: Server, name: str, migrated: None) -> Iterator[psycopg.Connection]:
    """A superuser's connection that acts as the owner of the tables."""
    with server.connect(database=name) as connection:
        connection.execute("SET ROLE bill_inquiry_owner")
        yield connection


def ask(client: psycopg.Connection, name: str) -> list[dict[str, Any]]:
    """What a query answers: its rows by column, numbers as such."""
    cursor = client.execute(QUERIES[name]["query"])
    columns = [column.name for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor]


def test_monitoring_runs_every_query_and_each_answers_with_the_columns_that_it_declares(client: psycopg.Connection) -> None:
    assert len(QUERIES) > 20
    for name, query in QUERIES.items():
        declared = [column for metric in query["metrics"] for column in metric]
        cursor = client.execute(query["query"])
        assert [column.name for column in cursor.description or ()] == declared, name


def test_what_the_service_and_the_backups_did_is_counted(server: Server, name: str, client: psycopg.Connection) -> None:
    with server.connect(database=name) as connection:
        connection.execute(ROWS)
    recent = {row["status"]: row["recent"] for row in ask(client, "billdb_inquiries")}
    assert recent == {"COMPLETED": 2, "FAILED": 1, "PROCESSING": 1, "TIMEOUT": 0}
    assert ask(client, "billdb_inquiries_cache") == [{"hits": 1}]
    [processing] = ask(client, "billdb_processing")
    assert (processing["inquiries"], 3600 <= processing["oldest_seconds"] < 4200) == (2, True)
    kos = {row["result_code"]: (row["calls"], row["retries"]) for row in ask(client, "billdb_kos")}
    assert {code: kos[code] for code in ("", "0000", "9999", "other")} == {
        "": (1, 1),
        "0000": (2, 2),
        "9999": (1, 3),
        "other": (13, 0),
    }
    assert len(kos) == 21
    assert ask(client, "billdb_cache") == [{"expired_rows": 30}]
    runs = {row["kind"]: row for row in ask(client, "billdb_run")}
    assert {key: float(value) for key, value in runs["backup"].items() if key != "kind"} == {
        "finished_seconds": 1793577720, "succeeded_seconds": 1793491260, "succeeded": 0, "duration_seconds": 120, "bytes": 700,
        "added_bytes": 70,
    }  # fmt: skip
    assert (runs["drill"]["succeeded"], runs["drill"]["finished_seconds"]) == (1, 1793664180)
    assert (runs["move"]["finished_seconds"], runs["move"]["succeeded"]) == (0, None)


def test_sessions_slots_and_broken_indexes_are_seen(server: Server, name: str, client: psycopg.Connection) -> None:
    with server.connect(database=name) as connection, server.connect("bill_inquiry_user", name, application_name="pool") as pool:
        pool.execute("BEGIN")
        pool.execute("LOCK TABLE system_config IN ROW EXCLUSIVE MODE")
        [found] = [row for row in ask(client, "billdb") if row["application"] == "pool"]
        assert found == {"role": "bill_inquiry_user", "state": "idle in transaction", "application": "pool", "connections": 1}
        assert {row["state"]: row["longest_seconds"] > 0 for row in ask(client, "billdb_transaction")}["idle in transaction"]
        connection.execute("SELECT pg_create_physical_replication_slot('left', TRUE)")
        try:
            [slot] = ask(client, "billdb_slot")
            assert (slot["slot"], slot["active"], slot["retained_bytes"] >= 0) == ("left", False, True)
        finally:
            connection.execute("SELECT pg_drop_replication_slot('left')")
        connection.execute("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'ix_kos_inquiry_history_time'::regclass")
        assert ask(client, "billdb_index") == [{"schema": "public", "relation": "ix_kos_inquiry_history_time", "invalid": 1}]


def test_names_that_clients_give_themselves_make_no_more_than_twenty_one(
    server: Server, name: str, client: psycopg.Connection
) -> None:
    clients = [server.connect("bill_inquiry_user", name, application_name=f"pod-{n}") for n in range(25)]
    try:
        found = ask(client, "billdb")
        assert len({row["application"] for row in found}) == 21
        assert sum(row["connections"] for row in found) >= 26
    finally:
        for one in clients:
            one.close()


def test_no_row_of_a_customer_and_no_other_column_can_be_read(client: psycopg.Connection) -> None:
    every = client.execute(ALL_COLUMNS.encode()).fetchall()
    assert len(every) > 60
    readable: dict[str, set[str]] = {}
    for schema, table, column in every:
        query = sql.SQL("SELECT {} FROM {} LIMIT 1").format(sql.Identifier(column), sql.Identifier(schema, table))
        try:
            client.execute(query)
        except psycopg.errors.InsufficientPrivilege:
            continue
        readable.setdefault(f"{schema}.{table}", set()).add(column)
    assert readable == COLUMNS
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute("SELECT count(*) FROM public.customer_info")


def test_a_policy_of_the_owners_is_an_error_and_not_code_that_runs_as_monitoring(
    owner: psycopg.Connection, client: psycopg.Connection
) -> None:
    for statement in (
        "CREATE FUNCTION public.peek() RETURNS BOOLEAN LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'it ran as %', current_user; END$$",
        "GRANT EXECUTE ON FUNCTION public.peek() TO PUBLIC",
        "CREATE POLICY peek ON public.bill_inquiry_history USING (public.peek())",
        "ALTER TABLE public.bill_inquiry_history ENABLE ROW LEVEL SECURITY",
        "INSERT INTO public.bill_inquiry_history (request_id, line_number) VALUES ('R', '01011112222')",
    ):
        owner.execute(statement.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        ask(client, "billdb_inquiries")
    client.execute("SET row_security = on")
    with pytest.raises(psycopg.errors.RaiseException, match=f"it ran as {ROLE}"):
        ask(client, "billdb_inquiries")


def test_functions_of_the_owners_are_not_called_for_postgresqls(owner: psycopg.Connection, client: psycopg.Connection) -> None:
    owner.execute("CREATE FUNCTION public.pg_database_size(TEXT) RETURNS BIGINT LANGUAGE sql AS 'SELECT 42::BIGINT'")
    owner.execute("GRANT EXECUTE ON FUNCTION public.pg_database_size(TEXT) TO PUBLIC")
    sizes = []
    for path in ("pg_catalog", "public"):
        client.execute(f"SET search_path = {path}".encode())
        sizes.append(client.execute("SELECT pg_database_size('postgres')").fetchone())
    assert sizes[0] != (42,)
    assert sizes[1] == (42,), "the exporter's own queries name no schema"


def test_a_scrape_does_not_queue_behind_a_lock(server: Server, name: str, client: psycopg.Connection) -> None:
    with server.connect(database=name) as connection, connection.transaction():
        connection.execute("LOCK TABLE public.bill_inquiry_history")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            ask(client, "billdb_processing")
