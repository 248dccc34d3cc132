"""Each constraint accepts and refuses at its edges: a valid row with one column changed, again and again."""

import re
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.contract import EXAMPLES, TABLES, Column
from tests.database.test_tables import insert

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
LARGEST = {"integer": 2**31 - 1, "bigint": 2**63 - 1}
# Neither what PostgreSQL cannot store, nor spaces at the end: it cuts those off where they are too many.
LETTERS = st.characters(exclude_characters="\0 ", exclude_categories=["Cs"])


def values(column: Column) -> st.SearchStrategy[Any]:
    """Values for a column, right ones and wrong ones, most of them close to its limits."""
    found: list[st.SearchStrategy[Any]] = [st.none()]
    if column.length is not None:
        lengths = st.sampled_from([0, 1, column.length - 1, column.length, column.length + 1])
        found += [
            lengths.flatmap(lambda n: st.text(LETTERS, min_size=n, max_size=n)),
            st.builds("{}{}".format, st.just("가"), st.text(LETTERS)),
        ]
    if column.values:
        found += [st.sampled_from([*column.values, *map(str.lower, column.values), "", "NONE", column.values[0] + " x"])]
    if column.month:
        found += [
            st.dates().map(lambda day: day.strftime("%Y-%m").rjust(7, "0")),
            st.sampled_from(
                [
                    "2025-00",
                    "2025-01",
                    "2025-12",
                    "2025-13",
                    "2025-1",
                    "25-01",
                    "2025/01",
                    "\uff12\uff10\uff12\uff15-01",
                    "2025-1\n",
                    "0000-01",
                ]
            ),
        ]
    if column.type in LARGEST:
        least = column.least if column.least is not None else -LARGEST[column.type] - 1
        edges = [least - 1, least, least + 1, 0, LARGEST[column.type], LARGEST[column.type] + 1]
        found += [st.sampled_from(edges), st.integers(-LARGEST[column.type] - 1, LARGEST[column.type])]
    if column.type == "boolean":
        found += [st.booleans()]
    if column.type == "text":
        found += [st.text(LETTERS)]
    return st.one_of(found)


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


@st.composite
def changes(draw: st.DrawFn, table: str) -> tuple[str, Any]:
    """A column of the table and a value for it."""
    column = draw(st.sampled_from([name for t, name in tried() if t == table]))
    return column, draw(values(TABLES[table][column]))


def verdict(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            insert(connection, table, row)
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
        return False
    return True


@pytest.mark.parametrize("table", TABLES)
def test_row_is_accepted_exactly_when_the_contract_accepts_it(database: psycopg.Connection, table: str) -> None:
    seen = {True: 0, False: 0}

    @settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(changes(table))
    def check(change: tuple[str, Any]) -> None:
        column, value = change
        expected = accepted(TABLES[table][column], value)
        seen[expected] += 1
        assert verdict(database, table, EXAMPLES[table] | {column: value}) is expected, (
            f"{table}.{column} = {value!r}: the contract {'accepts' if expected else 'refuses'} it, the server does not agree"
        )

    check()
    assert min(seen.values()) >= 20, f"both kinds of rows were tried: {seen}"


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
