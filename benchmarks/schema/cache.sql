-- :rows / 25 entries of the second-level cache, half of them expired.
TRUNCATE bill_info_cache;
INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, cached_at, expires_at)
SELECT
    bench.line(number) || ':2026-10', bench.line(number), '2026-10', bench.document(number, bench.line(number), '2026-10'), now(),
    (now() AT TIME ZONE 'Asia/Seoul') + (2 * (number % 2) - 1) * INTERVAL '4 hours'
FROM generate_series(1, :rows / 25) AS number;
VACUUM (ANALYZE) bill_info_cache;
