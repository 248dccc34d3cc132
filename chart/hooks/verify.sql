DO $$
DECLARE
    missing TEXT;
BEGIN
    SELECT string_agg(expected, ', ')
    INTO missing
    FROM unnest(ARRAY[
        'customer_info', 'bill_inquiry_history', 'kos_inquiry_history', 'bill_info_cache', 'system_config'
    ]) AS expected
    WHERE to_regclass('public.' || expected) IS NULL;

    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'missing tables: %', missing USING HINT = 'Read the log of the schema Job.';
    END IF;
END
$$;
SELECT format(
    'connected to %s as %s, %s, PostgreSQL %s',
    current_database(), current_user, coalesce(version || ' ' || cipher, 'without TLS'), current_setting('server_version')
)
FROM pg_stat_ssl
WHERE pid = pg_backend_pid();
SELECT format('time zone %s, encoding %s', current_setting('TimeZone'), current_setting('server_encoding'));
