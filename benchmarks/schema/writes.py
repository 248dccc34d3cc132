"""What the service writes: an inquiry as PROCESSING, its call to KOS, and the answer."""

from dataclasses import dataclass

from benchmarks.schema import pgbench, reads, server

EACH = 500  # rows a connection, script and turn
A_TURN = EACH * pgbench.CONNECTIONS
INQUIRY, KOS, ANSWER = "insert of an inquiry", "insert of a call to KOS", "update to its answer"
ROWS_AN_ENTRY = 25  # rows of history for each entry of the cache
# Every connection numbers its own rows; the first number of a run is bound as :first.
_NUMBER = "\\set done :done + 1\n\\set number :first + :done * 20 + :client_id\n"
# Milliseconds as in the data that was loaded; 0 where a cache had the answer.
TOOK = (
    "\\set from_kos random(1, 100) > 57\n"
    "\\set took case when :from_kos then int(200 * exp(random_gaussian(-4000, 4000, 4.0) / 1000.0)) else 0 end\n"
)
_ENTRY = "\\set number random(1, :entries)\n"
# Each alone, of the row :number.
STATEMENTS = {
    INQUIRY: "INSERT INTO bill_inquiry_history (request_id, line_number, inquiry_month, request_time, status)"
    " VALUES (md5('request ' || :number)::uuid::text, :line, :asked, CURRENT_TIMESTAMP, :processing) RETURNING id;\n",
    KOS: "INSERT INTO kos_inquiry_history"
    " (bill_request_id, line_number, inquiry_month, request_time, response_time, result_code, result_message, kos_data_json)"
    " VALUES (md5('request ' || :number)::uuid::text, :line, :asked, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, :ok, :message,"
    " bench.document(:number, :line::text, :asked::text)) RETURNING id;\n",
    # All columns, as Hibernate sets them; those that stay are set to themselves.
    ANSWER: "UPDATE bill_inquiry_history SET request_id = request_id, user_id = user_id, line_number = line_number,"
    " inquiry_month = inquiry_month, request_time = request_time, process_time = CURRENT_TIMESTAMP, status = :completed,"
    " result_summary = :message, bill_info_json = bench.document(:number, :line::text, :asked::text),"
    " kos_response_time_ms = nullif(:took, 0), cache_hit = (:took = 0),"
    " error_code = NULL, error_message = NULL WHERE id = :number;\n",
}
SCRIPTS = {
    INQUIRY: _NUMBER + reads.LINE + STATEMENTS[INQUIRY],
    KOS: _NUMBER + reads.LINE + STATEMENTS[KOS],
    ANSWER: _NUMBER + reads.LINE + TOOK + STATEMENTS[ANSWER],
    "cache: an access is counted": _ENTRY
    + "UPDATE bill_info_cache SET access_count = access_count + 1, last_accessed_at = CURRENT_TIMESTAMP"
    " WHERE cache_key = bench.line(:number) || ':2026-10';\n",
    "cache: an entry is refreshed": _ENTRY
    + "UPDATE bill_info_cache SET bill_info_json = bench.document(:number, bench.line(:number), '2026-10'),"
    " cached_at = CURRENT_TIMESTAMP, expires_at = CURRENT_TIMESTAMP + INTERVAL '4 hours'"
    " WHERE cache_key = bench.line(:number) || ':2026-10';\n",
}
OF_AN_INQUIRY = (INQUIRY, KOS, ANSWER)
CONSTANTS = reads.CONSTANTS | {"ok": "0000", "message": "정상 처리되었습니다", "done": "-1"}


@dataclass(frozen=True)
class Written:
    """Of one turn: rows a second, and bytes of WAL a row."""

    rate: float
    wal: float


def run(database: str, script: str, rows: int, first: int) -> Written:
    """Write one turn's rows, numbered from `first`, after a checkpoint, in a database of `rows` rows a table."""
    server.query(database, "CHECKPOINT")
    before = server.query(database, "SELECT pg_current_wal_lsn()")
    times = pgbench.run(database, script, CONSTANTS | {"first": str(first), "entries": str(rows // ROWS_AN_ENTRY)}, each=EACH)
    wal = int(server.query(database, f"SELECT pg_current_wal_lsn() - '{before}'"))
    return Written(times.rate, wal / A_TURN)


def next_number(database: str) -> int:
    """The number that the next inquiry's row gets."""
    return int(server.query(database, "SELECT last_value + 1 FROM bill_inquiry_history_id_seq"))
