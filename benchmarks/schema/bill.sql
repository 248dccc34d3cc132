-- :rows inquiries, evenly over the two years before 2026-11-01; the same rows at every run.
BEGIN;
SELECT setseed(0.14) \g /dev/null
TRUNCATE bill_inquiry_history CASCADE; -- in the transaction of the load, so that wal_level minimal need not log it
INSERT INTO bill_inquiry_history (
    id, request_id, line_number, inquiry_month, request_time, process_time, status, result_summary, bill_info_json,
    kos_response_time_ms, cache_hit, error_code, error_message, created_at, updated_at
)
SELECT
    number, bench.request_id(number), line, month, requested,
    CASE WHEN status <> 'PROCESSING' THEN requested + coalesce(kos_ms, 8) * INTERVAL '1 ms' END,
    status,
    CASE WHEN status = 'COMPLETED' THEN format('%s월 요금 %s원, 할인 %s원', right(billed, 2), bench.below(90000), bench.below(22000)) END,
    CASE WHEN status = 'COMPLETED' THEN bench.document(number, line, billed) END,
    kos_ms, CASE WHEN status <> 'PROCESSING' THEN hit END,
    CASE status WHEN 'FAILED' THEN 'KOS_' || 500 + number % 7 WHEN 'TIMEOUT' THEN 'KOS_TIMEOUT' END,
    CASE WHEN status IN ('FAILED', 'TIMEOUT') THEN 'KOS 연동 중 오류가 발생했습니다: response code ' || 500 + number % 7 END,
    requested, requested
FROM (
    SELECT
        number, line, requested, month, status, hit,
        coalesce(month, to_char(requested, 'YYYY-MM')) AS billed,
        CASE
            WHEN status = 'TIMEOUT' THEN 60000
            WHEN status <> 'PROCESSING' AND NOT hit
            -- Log-normal: 200 ms in the middle, one in a hundred over 2 s.
            THEN round(200 * exp(sqrt(-2 * ln(1 - chance_1)) * cos(2 * pi() * chance_2)))::bigint
        END AS kos_ms
    FROM (
        SELECT
            number, requested, bench.line_at(requested) AS line,
            CASE WHEN random() < 0.5 THEN to_char(requested - floor(24 * random()) * INTERVAL '1 month', 'YYYY-MM') END AS month,
            CASE
                -- Stuck ones, and those of the last moment.
                WHEN number % 50000 = 0 OR number > :rows - 20 THEN 'PROCESSING'
                WHEN chance < 0.03 THEN 'FAILED'
                WHEN chance < 0.034 THEN 'TIMEOUT'
                ELSE 'COMPLETED'
            END AS status,
            chance >= 0.034 AND chance < 0.60 AS hit, random() AS chance_1, random() AS chance_2
        FROM (
            SELECT
                number, random() AS chance,
                TIMESTAMP '2024-11-01' + (number::double precision / :rows * 730) * INTERVAL '1 day' AS requested
            FROM generate_series(1, :rows) AS number
            OFFSET 0 -- a fence: each random() is drawn once a row
        ) AS drawn
        OFFSET 0
    ) AS inquiry
    OFFSET 0
) AS answered;
COMMIT;
SELECT setval(pg_get_serial_sequence('bill_inquiry_history', 'id'), :rows) \g /dev/null
