-- One run at a time: whoever comes second waits here, and then finds everything done. Any role may take an advisory lock, and so stop
-- every release: a superuser's session ends one of another role, and the owner's stops, for a superuser's to do so.
DO $$
DECLARE
    key CONSTANT BIGINT := hashtext('billdb schema');
    privileged CONSTANT BOOLEAN := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    told BOOLEAN := FALSE;
    holder RECORD;
BEGIN
    WHILE NOT pg_try_advisory_lock(key) LOOP
        FOR holder IN
            SELECT pid, rolname, rolsuper OR rolname = 'bill_inquiry_owner' AS another_run,
                coalesce(client_addr::text, 'the socket') AS place, backend_start::timestamp(0) AS since
            FROM pg_locks INNER JOIN pg_stat_activity USING (pid) INNER JOIN pg_roles ON pg_roles.oid = usesysid
            WHERE
                locktype = 'advisory' AND granted AND objsubid = 1 AND datname = current_database() AND database = datid
                AND (classid::bigint << 32 | objid::bigint) = key
        LOOP
            IF holder.another_run THEN
                IF NOT told THEN
                    RAISE INFO 'another run is at work (process % of %, since %): waiting for its end',
                        holder.pid, holder.place, holder.since;
                    told := TRUE;
                END IF;
            ELSIF privileged THEN
                PERFORM pg_terminate_backend(holder.pid);
                RAISE INFO 'process % of % held the advisory lock of schema runs, which is not for that role: its session was ended',
                    holder.pid, holder.rolname;
            ELSE
                RAISE EXCEPTION 'process % of % holds the advisory lock of schema runs', holder.pid, holder.rolname;
            END IF;
        END LOOP;
        -- CREATE INDEX CONCURRENTLY, in the run that has the lock, waits for every older transaction: this one must not last.
        COMMIT;
        PERFORM pg_sleep(0.2);
    END LOOP;
END
$$;
