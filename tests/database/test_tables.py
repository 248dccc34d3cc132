"""The five tables are the contract's: columns, defaults, keys, comments, triggers, first rows, Korean text, Seoul's time."""

import psycopg
import pytest
from psycopg import sql

from tests.database.contract import EXAMPLES, SETTINGS, TABLES, UNIQUE


def insert(connection: psycopg.Connection, table: str, row: dict[str, object]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ").join(sql.Placeholder() * len(row))
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), columns, values)
    connection.execute(query, list(row.values()))


def test_columns_are_the_contracts(database: psycopg.Connection) -> None:
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for table, column, kind, required in database.execute(
        "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull"
        " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0"
        " AND NOT attisdropped"
    ):
        found.setdefault(table, {})[column] = (kind, required)
    assert {t: found[t] for t in TABLES} == {
        t: {name: (c.type, c.required) for name, c in columns.items()} for t, columns in TABLES.items()
    }


@pytest.mark.parametrize("table", TABLES)
def test_smallest_row_gets_every_default(database: psycopg.Connection, table: str) -> None:
    insert(database, table, EXAMPLES[table])
    example = [("=", name, value) for name, value in EXAMPLES[table].items()]
    where = sql.SQL(" AND ").join(sql.SQL("{} = {}").format(sql.Identifier(n), sql.Literal(v)) for _, n, v in example[:1])
    for name, column in TABLES[table].items():
        [value] = database.execute(sql.SQL("SELECT {} FROM {} WHERE {}").format(
            sql.Identifier(name), sql.Identifier(table), where)).fetchone() or ()  # fmt: skip
        if column.default == "now":
            assert database.execute("SELECT %s = now()::timestamp", [value]).fetchone() == (True,), name
        elif column.default == "generated":
            assert value > 0
        elif name not in EXAMPLES[table]:
            assert value == column.default, name


def test_keys_are_the_contracts(database: psycopg.Connection) -> None:
    for table, row in EXAMPLES.items():
        insert(database, table, row)
        for key in {column for t, column in UNIQUE if t == table and column in row}:
            others = {c: v + "x" if isinstance(v, str) and (table, c) in UNIQUE and c != key else v for c, v in row.items()}
            with pytest.raises(psycopg.errors.UniqueViolation), database.transaction():
                insert(database, table, others)


def test_service_inserts_processing_and_updates_by_key_without_a_user_id(database: psycopg.Connection) -> None:
    database.execute("SET LOCAL ROLE bill_inquiry_user")
    insert(database, "bill_inquiry_history", {"request_id": "R-1", "line_number": "01012345678", "inquiry_month": None})
    [key] = database.execute("SELECT id FROM bill_inquiry_history WHERE request_id = 'R-1'").fetchone() or ()
    database.execute(
        "UPDATE bill_inquiry_history SET status = 'FAILED', process_time = now(), result_summary = '실패',"
        " kos_response_time_ms = 123456789012,"
        " cache_hit = false, error_code = 'KOS-1', error_message = '연결할 수 없음' WHERE id = %s",
        [key],
    )
    row = database.execute(
        "SELECT user_id, status, kos_response_time_ms, error_message FROM bill_inquiry_history WHERE id = %s", [key]
    )
    assert row.fetchone() == (None, "FAILED", 123456789012, "연결할 수 없음")


def test_call_to_kos_belongs_to_its_inquiry_and_goes_with_it(database: psycopg.Connection) -> None:
    insert(database, "bill_inquiry_history", EXAMPLES["bill_inquiry_history"])
    insert(database, "kos_inquiry_history", EXAMPLES["kos_inquiry_history"] | {"bill_request_id": "R1"})
    with pytest.raises(psycopg.errors.ForeignKeyViolation), database.transaction():
        insert(database, "kos_inquiry_history", EXAMPLES["kos_inquiry_history"] | {"bill_request_id": "R2"})
    database.execute("DELETE FROM bill_inquiry_history WHERE request_id = 'R1'")
    assert database.execute("SELECT count(*) FROM kos_inquiry_history WHERE bill_request_id = 'R1'").fetchone() == (0,)


@pytest.mark.parametrize("table", [table for table, columns in TABLES.items() if "updated_at" in columns])
def test_updated_at_follows_every_update(database: psycopg.Connection, table: str) -> None:
    insert(database, table, EXAMPLES[table] | {"created_at": "2020-01-01", "updated_at": "2020-01-01"})
    name = sql.Identifier(table)
    where = sql.SQL("created_at = '2020-01-01'")
    database.execute(sql.SQL("UPDATE {} SET updated_at = '2021-01-01' WHERE {}").format(name, where))
    found = database.execute(
        sql.SQL("SELECT updated_at = now()::timestamp, created_at::text FROM {} WHERE {}").format(name, where)
    )
    assert found.fetchone() == (True, "2020-01-01 00:00:00")


def test_every_schema_table_and_column_has_a_comment(database: psycopg.Connection) -> None:
    missing = database.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace::regnamespace::text IN ('public', 'cache', 'audit')"
        " AND relkind IN ('r', 'p') AND NOT relispartition AND obj_description(oid, 'pg_class') IS NULL"
        " UNION ALL SELECT attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace::regnamespace::text IN ('public', 'audit') AND relkind IN ('r', 'p') AND NOT relispartition"
        " AND attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL"
        " UNION ALL SELECT nspname FROM pg_namespace WHERE nspname IN ('public', 'cache', 'audit')"
        " AND obj_description(oid, 'pg_namespace') IS NULL"
    ).fetchall()
    assert missing == []


def test_first_settings_are_the_contracts(database: psycopg.Connection) -> None:
    found = database.execute(
        "SELECT config_key, config_value FROM system_config WHERE config_type = 'INTEGER' AND is_active"
    ).fetchall()
    assert dict(found) == SETTINGS


def test_korean_text_comes_back_is_measured_in_characters_and_sorts(database: psycopg.Connection) -> None:
    insert(database, "customer_info", EXAMPLES["customer_info"] | {"customer_name": "가" * 100})
    assert database.execute("SELECT customer_name FROM customer_info WHERE customer_id = 'C1'").fetchone() == ("가" * 100,)
    assert database.execute("SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['하', '가', '나']) AS x").fetchone() == (
        "가나하",
    )
    assert database.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_time_is_seouls(database: psycopg.Connection) -> None:
    database.execute("RESET timezone")
    assert database.execute("SHOW timezone").fetchone() == ("Asia/Seoul",)
    assert database.execute("SELECT now() AT TIME ZONE 'Asia/Seoul' = now()::timestamp").fetchone() == (True,)


@pytest.mark.parametrize("table", TABLES)
def test_row_of_a_client_in_another_time_zone_has_seouls_time(database: psycopg.Connection, table: str) -> None:
    database.execute("SET LOCAL TimeZone = 'America/Los_Angeles'")
    insert(database, table, EXAMPLES[table])
    times = [name for name, column in TABLES[table].items() if column.default == "now"]
    key, value = next(iter(EXAMPLES[table].items()))
    where = sql.SQL("{} = {}").format(sql.Identifier(key), sql.Literal(value))
    checks = sql.SQL(", ").join(sql.SQL("{} = now() AT TIME ZONE 'Asia/Seoul'").format(sql.Identifier(name)) for name in times)
    query = sql.SQL("SELECT {} FROM {} WHERE {}").format(checks, sql.Identifier(table), where)
    assert database.execute(query).fetchone() == (True,) * len(times)
    if "updated_at" in times:
        database.execute(sql.SQL("UPDATE {} SET updated_at = '2021-01-01' WHERE {}").format(sql.Identifier(table), where))
        assert database.execute(query).fetchone() == (True,) * len(times)


def test_extensions_are_there_for_the_service(database: psycopg.Connection) -> None:
    database.execute("SET LOCAL ROLE bill_inquiry_user")
    assert database.execute("SELECT length(uuid_generate_v4()::text)").fetchone() == (36,)
    database.execute("SELECT count(*) FROM pg_stat_statements")
