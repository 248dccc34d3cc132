"""Each constraint accepts and refuses at its edges and between them: a valid row with one column changed, again and again."""

import re
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.database.contract import EXAMPLES, TABLES, Column
from tests.database.test_tables import insert

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
LARGEST = {"integer": 2**31 - 1, "bigint": 2**63 - 1}
# Neither what PostgreSQL cannot store, nor spaces at the end: it cuts those off where they are too many.
LETTERS = st.characters(exclude_characters="\0 ", exclude_categories=["Cs"])


MONTHS = ("2025-00", "2025-01", "2025-09", "2025-10", "2025-12", "2025-13", "2025-20", "0000-01", "9999-12")
NO_MONTHS = (
    "",
    "2025-1",
    "25-01",
    "2025/01",
    "2025-1\n",
    "\uff12\uff10\uff12\uff15-01",
    "2025-0a",
    "x025-01",
    "-025-01",
    "2025010",
)


def edges(column: Column) -> list[Any]:
    """The values at the limits of a column, on both sides of each."""
    found: list[Any] = [None]
    if column.length is not None:
        found += [letter * length for letter in ("a", "가") for length in (0, 1, column.length, column.length + 1)]
    if column.values:
        found += [*column.values, *map(str.lower, column.values), "NONE", f"{column.values[0]} x"]
    if column.month:
        found += [*MONTHS, *NO_MONTHS]
    if column.type in LARGEST:
        least = -LARGEST[column.type] - 1 if column.least is None else column.least
        found += [least - 1, least, least + 1, LARGEST[column.type], LARGEST[column.type] + 1]
    if column.type == "boolean":
        found += [True, False]
    return found


def between(column: Column) -> st.SearchStrategy[Any]:
    """Any value of the column's type."""
    if column.type in LARGEST:
        return st.integers(-LARGEST[column.type] - 1, LARGEST[column.type])
    if column.type == "boolean":
        return st.booleans()
    texts = st.text(LETTERS, max_size=2 * (column.length or 50))
    return (
        st.one_of(texts, st.from_regex(r"[0-9]{4}-[0-9]{2}", fullmatch=True, alphabet="0123456789-")) if column.month else texts
    )


def accepted(column: Column, value: Any) -> bool:
    """Whether the contract lets the column have the value."""
    if value is None:
        return not column.required
    if column.length is not None and len(value) > column.length:
        return False
    if column.values and value not in column.values:
        return False
    if column.month and not MONTH.fullmatch(value):
        return False
    if column.type in LARGEST:
        return bool(column.least is None or value >= column.least) and -LARGEST[column.type] - 1 <= value <= LARGEST[column.type]
    return True


def tried() -> list[tuple[str, str]]:
    kinds = ("boolean", "text", "integer", "bigint")
    return [
        (table, name)
        for table, columns in TABLES.items()
        for name, column in columns.items()
        if (column.length or column.type in kinds) and column.default != "generated" and name != "bill_request_id"
    ]


def verdict(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            insert(connection, table, row)
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
        return False
    return True


@pytest.mark.parametrize(("table", "name"), tried())
def test_column_accepts_and_refuses_as_the_contract_does(database: psycopg.Connection, table: str, name: str) -> None:
    column = TABLES[table][name]

    def check(value: Any) -> None:
        expected = accepted(column, value)
        assert verdict(database, table, EXAMPLES[table] | {name: value}) is expected, (
            f"{table}.{name} = {value!r}: the contract {'accepts' if expected else 'refuses'} it, the server does not agree"
        )

    for value in edges(column):
        check(value)
    given(between(column))(settings(max_examples=20, deadline=None, database=None, derandomize=True)(check))()


@pytest.mark.parametrize(("table", "column"), [
    (table, name) for table, columns in TABLES.items() for name, c in columns.items() if c.required and c.default != "generated"
])  # fmt: skip
def test_null_is_refused_where_the_contract_says_so(database: psycopg.Connection, table: str, column: str) -> None:
    assert verdict(database, table, EXAMPLES[table])
    with pytest.raises(psycopg.errors.NotNullViolation):
        insert(database, table, EXAMPLES[table] | {column: None})


@pytest.mark.parametrize(
    ("table", "column"), [(table, name) for table, columns in TABLES.items() for name, c in columns.items() if c.values]
)
def test_every_listed_value_is_accepted(database: psycopg.Connection, table: str, column: str) -> None:
    for value in TABLES[table][column].values:
        assert verdict(database, table, EXAMPLES[table] | {column: value}), value
