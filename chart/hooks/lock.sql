-- One run at a time: whoever comes second waits here, and then finds everything done.
DO $$
DECLARE
    holder TEXT;
BEGIN
    WHILE NOT pg_try_advisory_lock(hashtext('billdb schema')) LOOP
        IF holder IS NULL THEN
            SELECT format('process %s of %s, since %s', pid, coalesce(client_addr::text, 'the socket'), backend_start::timestamp(0))
            INTO holder
            FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND objid = (hashtext('billdb schema')::bigint & 4294967295)::oid AND granted
            LIMIT 1;
            RAISE INFO 'another run is at work (%): waiting for its end', holder;
        END IF;
        -- CREATE INDEX CONCURRENTLY, in the run that has the lock, waits for every older transaction: this one must not last.
        COMMIT;
        PERFORM pg_sleep(0.2);
    END LOOP;
END
$$;
