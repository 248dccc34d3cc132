-- The last good backup, the newest run of every kind, and an error where one that comes by schedule (:kinds) failed or does not come.
SELECT set_config('billdb.kinds', :'kinds', FALSE) AS kinds, set_config('billdb.days', :'days', FALSE) AS days \gset
SELECT format(
    'last good backup: %s of %s, %s ago; %s in %s, %s of it new',
    backup, to_char(finished_at, 'YYYY-MM-DD HH24:MI TZ'), date_trunc('minute', clock_timestamp() - finished_at),
    pg_size_pretty(bytes), date_trunc('second', finished_at - started_at), pg_size_pretty(added_bytes)
)
FROM audit.backup_run
WHERE kind = 'backup' AND succeeded
ORDER BY finished_at DESC, id DESC
LIMIT 1;
SELECT format('no backup yet: the first comes at %s; make one now: %s', :'schedule', :'now')
WHERE NOT EXISTS (SELECT FROM audit.backup_run WHERE kind = 'backup' AND succeeded);
SELECT format(
    'last %s: %s, %s, %s ago%s', kind, CASE WHEN succeeded THEN 'good' ELSE 'FAILED' END,
    to_char(finished_at, 'YYYY-MM-DD HH24:MI TZ'), date_trunc('minute', clock_timestamp() - finished_at), coalesce('; ' || message, '')
)
FROM (SELECT DISTINCT ON (kind) * FROM audit.backup_run ORDER BY kind, finished_at DESC, id DESC) AS newest
WHERE kind <> 'backup' OR NOT succeeded
ORDER BY finished_at DESC;
DO $$
DECLARE
    failed TEXT;
BEGIN
    SELECT string_agg(format('the last %s failed: %s', kind, message), '; ' ORDER BY finished_at DESC)
    INTO failed
    FROM (SELECT DISTINCT ON (kind) * FROM audit.backup_run ORDER BY kind, finished_at DESC, id DESC) AS newest
    WHERE NOT succeeded AND kind = ANY (string_to_array(current_setting('billdb.kinds'), ','));

    IF failed IS NULL AND current_setting('billdb.kinds') <> '' THEN
        SELECT format('the last good backup is of %s', to_char(max(finished_at), 'YYYY-MM-DD HH24:MI TZ'))
        INTO failed
        FROM audit.backup_run
        WHERE kind = 'backup' AND succeeded
        HAVING max(finished_at) < clock_timestamp() - make_interval(days => current_setting('billdb.days')::INTEGER);
    END IF;

    IF failed IS NOT NULL THEN
        RAISE EXCEPTION '%', failed USING HINT = 'Its Job''s log says more. Once it is mended, run it again: kubectl create job --from=cronjob/…';
    END IF;
END
$$;
