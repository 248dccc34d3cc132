-- :rows calls to KOS, one an inquiry, at the inquiry's time; the same rows at every run.
BEGIN;
SELECT setseed(0.41) \g /dev/null
TRUNCATE kos_inquiry_history;
INSERT INTO kos_inquiry_history (
    id, bill_request_id, line_number, inquiry_month, request_time, response_time, result_code, result_message, kos_data_json,
    error_detail, retry_count, circuit_breaker_state, created_at, updated_at
)
SELECT
    number, bench.request_id(number), line, month, requested, requested + bench.below(900) * INTERVAL '1 ms',
    CASE WHEN failed THEN 'E' || 500 + number % 7 ELSE '0000' END,
    CASE WHEN failed THEN '요금 정보를 조회할 수 없습니다' ELSE '정상 처리되었습니다' END,
    CASE WHEN NOT failed THEN bench.document(number, line, month) END,
    CASE WHEN failed THEN 'Read timed out after 60000 ms at BillingQuery' END,
    CASE WHEN failed THEN 3 ELSE 0 END, 'CLOSED', requested, requested
FROM (
    SELECT
        number, bench.any_line() AS line, random() < 0.034 AS failed, requested, to_char(requested, 'YYYY-MM') AS month
    FROM (
        SELECT
            number, TIMESTAMP '2024-11-01' + (number::double precision / :rows * 730) * INTERVAL '1 day' AS requested
        FROM generate_series(1, :rows) AS number
        OFFSET 0
    ) AS inquiry
    OFFSET 0 -- a fence: each random() is drawn once a row
) AS called;
COMMIT;
SELECT setval(pg_get_serial_sequence('kos_inquiry_history', 'id'), :rows) \g /dev/null
