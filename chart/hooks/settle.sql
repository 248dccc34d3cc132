-- Waits for the transactions that other roles have open and that wrote something. What they made is seen by nobody until they end, so no
-- look into the catalog finds it: a function of theirs could appear in the middle of a migration. Roles of the service can begin nothing
-- new of the kind, for privileges.sql has ended.
DO $$
DECLARE
    deadline CONSTANT TIMESTAMPTZ := clock_timestamp() + current_setting('lock_timeout')::interval;
    opened XID[];
    roles TEXT;
BEGIN
    SELECT array_agg(held.transactionid), string_agg(DISTINCT rolname, ', ')
    INTO opened, roles
    FROM pg_locks AS held
    LEFT JOIN pg_stat_activity AS session ON session.pid = held.pid
    LEFT JOIN pg_prepared_xacts AS prepared ON prepared.transaction = held.transactionid
    INNER JOIN pg_roles ON rolname = coalesce(session.usename, prepared.owner)
    WHERE
        locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
        AND coalesce(session.datname, prepared.database) = current_database()
        AND NOT rolsuper AND rolname <> 'bill_inquiry_owner';

    WHILE EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted AND transactionid = ANY(opened)) LOOP
        IF clock_timestamp() > deadline THEN
            RAISE EXCEPTION 'canceling statement due to lock timeout: transactions of % are open, and a migration waits for their end', roles;
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$$;
