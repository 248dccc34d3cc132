"""What the service reads, as scripts of pgbench: pages of 20 with their counts, every value bound."""

from dataclasses import dataclass

CONTROL = "1 by request_id"  # by a key, which every database has
COLUMNS = (
    "id, request_id, user_id, line_number, inquiry_month, request_time, process_time, status, result_summary, bill_info_json, "
    "kos_response_time_ms, cache_hit, error_code, error_message, created_at, updated_at"
)
# Bound as text; the rest is drawn by the scripts.
CONSTANTS = {
    "size": "20",
    "completed": "COMPLETED",
    "failed": "FAILED",
    "processing": "PROCESSING",
    "hit": "true",
    "asked": "2025-11",
}

# Busy lines are asked for more often, as bench.line and bench.any_line draw them.
_LINE = (
    "\\set rank int(200000 * pow(random(0, 999999) / 1000000.0, 2))\n"
    "\\set {name} 821000000000 + (:rank * 7919 + 1234567) % 100000000\n"
)
LINE = _LINE.format(name="line")
_LINES = "".join(_LINE.format(name=f"line{number}") for number in range(10))
# The first page most of the time, the tenth at most.
_PAGE = "\\set offset 20 * (random_zipfian(1, 10, 2.5) - 1)\n"
# Dates as PostgreSQL reads them, 20250301; the data is of 2024-11 to 2026-10.
_QUARTER = (
    "\\set month random(24298, 24318)\n\\set after :month + 3\n"
    "\\set from :month / 12 * 10000 + (:month % 12 + 1) * 100 + 1\n\\set till :after / 12 * 10000 + (:after % 12 + 1) * 100 + 1\n"
)
_MONTH = _QUARTER.replace("+ 3", "+ 1")
_WEEK = (
    "\\set month random(24298, 24321)\n"
    "\\set from :month / 12 * 10000 + (:month % 12 + 1) * 100 + random(1, 21)\n\\set till :from + 7\n"
)
_IN_LINES = f"line_number IN ({', '.join(f':line{number}' for number in range(10))})"
_ENDED = "".join(f"\\set line{number} random(820000000000, 820000000099)\n" for number in range(10))
_IN_RANGE = "request_time >= :from AND request_time < :till"

# As docs/schema.md advises for lists: the newest of each line from the index alone, then the rows of the page.
_LINE_BY_LINE = (
    f"SELECT {COLUMNS} FROM bill_inquiry_history WHERE id IN (SELECT id FROM (VALUES"
    f" {', '.join(f'(:line{number})' for number in range(10))}) AS line (number) CROSS JOIN LATERAL"
    " (SELECT id, request_time FROM bill_inquiry_history WHERE line_number = number::text"
    " ORDER BY request_time DESC LIMIT CAST(:size AS integer) + CAST(:offset AS integer)) AS newest"
    " ORDER BY newest.request_time DESC LIMIT :size OFFSET :offset) ORDER BY request_time DESC;\n"
    f"SELECT count(id) FROM bill_inquiry_history WHERE {_IN_LINES};\n"
)


@dataclass(frozen=True)
class Read:
    """One kind of reading: its name, and the script that does it once."""

    name: str
    script: str


def _page(where: str, order: str = "request_time DESC") -> str:
    return (
        f"SELECT {COLUMNS} FROM bill_inquiry_history WHERE {where} ORDER BY {order} LIMIT :size OFFSET :offset;\n"
        f"SELECT count(id) FROM bill_inquiry_history WHERE {where};\n"
    )


def kinds(rows: int) -> list[Read]:
    """Every kind, for a table of `rows` inquiries."""
    return [
        Read(
            CONTROL,
            f"\\set number random(1, {rows})\n"
            f"SELECT {COLUMNS} FROM bill_inquiry_history WHERE request_id = md5('request ' || :number)::uuid::text;\n",
        ),
        Read("2 a line, newest first", LINE + _PAGE + _page("line_number = :line")),
        Read("2 ten lines", _LINES + _PAGE + _page(_IN_LINES)),
        Read("2 ten lines that ended", _ENDED + _PAGE + _page(_IN_LINES)),
        Read("2 ten lines that ended, line by line", _ENDED + _PAGE + _LINE_BY_LINE),
        Read("2 a line, a status", LINE + _PAGE + _page("line_number = :line AND status = :completed")),
        Read("2 ten lines, a quarter", _LINES + _PAGE + _QUARTER + _page(f"{_IN_LINES} AND {_IN_RANGE}")),
        Read(
            "2 ten lines, a status, a quarter",
            _LINES + _PAGE + _QUARTER + _page(f"{_IN_LINES} AND status = :completed AND {_IN_RANGE}"),
        ),
        Read("3 all lines, a week", _PAGE + _WEEK + _page(_IN_RANGE)),
        Read(
            "4 failed of ten lines, a quarter",
            _LINES + _PAGE + _QUARTER + _page(f"{_IN_LINES} AND status = :failed AND {_IN_RANGE}"),
        ),
        Read(
            "5 slowest of a month",
            "\\set threshold random(1500, 5000)\n"
            + _PAGE
            + _MONTH
            + _page(f"kos_response_time_ms > :threshold AND {_IN_RANGE}", "kos_response_time_ms DESC"),
        ),
        Read("6 still PROCESSING", _PAGE + _WEEK + _page("status = :processing AND request_time < :till", "request_time")),
        Read(
            "7 ten lines by status, a quarter",
            _LINES
            + _QUARTER
            + f"SELECT status, count(id) FROM bill_inquiry_history WHERE {_IN_LINES} AND {_IN_RANGE} GROUP BY status;\n",
        ),
        Read("7 count of a line", LINE + "SELECT count(id) FROM bill_inquiry_history WHERE line_number = :line;\n"),
        Read(
            "7 count of a line and month",
            LINE + "SELECT count(id) FROM bill_inquiry_history WHERE line_number = :line AND inquiry_month = :asked;\n",
        ),
        Read(
            "7 cache hits of a month",
            _MONTH + f"SELECT count(id) FROM bill_inquiry_history WHERE cache_hit = :hit AND {_IN_RANGE};\n",
        ),
    ]
