-- Deletes what is too old, a batch a transaction: the service waits for no lock longer than a batch takes, vacuum can clean between
-- batches, and a run that is stopped keeps what it did. Called by maintenance as the owner, outside a transaction block (they COMMIT,
-- so they can neither be SECURITY DEFINER nor set a search_path: every name has its schema). Figures: docs/schema.md.

CREATE FUNCTION retention_start(setting TEXT) RETURNS TIMESTAMP LANGUAGE plpgsql STABLE AS $$
DECLARE
    days TEXT;
BEGIN
    SELECT config_value INTO days FROM public.system_config WHERE config_key = setting AND is_active;
    IF days IS NULL OR days !~ '^[1-9][0-9]{0,4}$' THEN
        RAISE EXCEPTION 'system_config % is %, not a number of days: nothing is deleted',
            setting, coalesce(quote_literal(days), 'missing or inactive')
            USING HINT = 'Set config_value to whole days, 1 or more, and is_active to true.';
    END IF;
    -- Rows have the local time of Seoul, whatever the session's time zone is.
    RETURN (now() AT TIME ZONE 'Asia/Seoul') - days::integer * INTERVAL '1 day';
END
$$;
COMMENT ON FUNCTION retention_start IS 'What is older is to be deleted: now less the days that this row of system_config has';
REVOKE EXECUTE ON FUNCTION retention_start FROM public;

CREATE PROCEDURE delete_old_history(
    batch INTEGER DEFAULT 200,
    pause INTERVAL DEFAULT '10 ms',
    at_most INTERVAL DEFAULT '1 hour',
    INOUT calls BIGINT DEFAULT 0,
    INOUT inquiries BIGINT DEFAULT 0
) LANGUAGE plpgsql AS $$
DECLARE
    deadline TIMESTAMPTZ := clock_timestamp() + at_most;
    oldest_call TIMESTAMP := public.retention_start('kos.history.retention.days');
    oldest_inquiry TIMESTAMP := public.retention_start('bill.history.retention.days');
    -- Where the last batch ended: the next does not walk again over what is deleted and not vacuumed yet.
    reached TIMESTAMP := '-infinity';
    deleted BIGINT;
BEGIN
    LOOP
        WITH old AS (
            SELECT ctid AS place FROM public.kos_inquiry_history
            WHERE request_time >= reached AND request_time < oldest_call
            ORDER BY request_time
            LIMIT batch
            FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM public.kos_inquiry_history USING old WHERE ctid = place RETURNING request_time
        )
        SELECT count(*), coalesce(max(request_time), reached) INTO deleted, reached FROM gone;
        calls := calls + deleted;
        COMMIT;
        EXIT WHEN deleted < batch OR clock_timestamp() > deadline;
        PERFORM pg_sleep_for(pause);
    END LOOP;

    reached := '-infinity';
    -- Calls that are left go with their inquiry, by the foreign key.
    LOOP
        WITH old AS (
            SELECT ctid AS place FROM public.bill_inquiry_history
            WHERE request_time >= reached AND request_time < oldest_inquiry
            ORDER BY request_time
            LIMIT batch
            FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM public.bill_inquiry_history USING old WHERE ctid = place RETURNING request_time
        )
        SELECT count(*), coalesce(max(request_time), reached) INTO deleted, reached FROM gone;
        inquiries := inquiries + deleted;
        COMMIT;
        EXIT WHEN deleted < batch OR clock_timestamp() > deadline;
        PERFORM pg_sleep_for(pause);
    END LOOP;

    RAISE NOTICE 'deleted % calls to KOS from before % and % inquiries from before %',
        calls, oldest_call::timestamp(0), inquiries, oldest_inquiry::timestamp(0);
END
$$;
COMMENT ON PROCEDURE delete_old_history IS
'Deletes history older than system_config says (bill. and kos.history.retention.days), batch rows a transaction; gives the numbers';
REVOKE EXECUTE ON PROCEDURE delete_old_history FROM public;

-- By ranges of pages, so that the caches need no index on expires_at: every refresh of an entry would have to maintain it.
CREATE PROCEDURE delete_expired_cache(
    pages INTEGER DEFAULT 1000,
    pause INTERVAL DEFAULT '20 ms',
    INOUT bills BIGINT DEFAULT 0,
    INOUT customers BIGINT DEFAULT 0
) LANGUAGE plpgsql AS $$
DECLARE
    this_moment TIMESTAMP := now() AT TIME ZONE 'Asia/Seoul';
    page_size INTEGER := current_setting('block_size');
    first_page BIGINT;
    deleted BIGINT;
BEGIN
    first_page := 0;
    WHILE first_page * page_size < pg_relation_size('public.bill_info_cache') LOOP
        DELETE FROM public.bill_info_cache
        WHERE
            ctid >= format('(%s,0)', first_page)::tid AND ctid < format('(%s,0)', first_page + pages)::tid
            AND expires_at < this_moment;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        bills := bills + deleted;
        COMMIT;
        PERFORM pg_sleep_for(pause);
        first_page := first_page + pages;
    END LOOP;

    first_page := 0;
    WHILE first_page * page_size < pg_relation_size('public.customer_info') LOOP
        DELETE FROM public.customer_info
        WHERE
            ctid >= format('(%s,0)', first_page)::tid AND ctid < format('(%s,0)', first_page + pages)::tid
            AND expires_at < this_moment;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        customers := customers + deleted;
        COMMIT;
        PERFORM pg_sleep_for(pause);
        first_page := first_page + pages;
    END LOOP;

    RAISE NOTICE 'deleted % bills and % customers that expired before %', bills, customers, this_moment::timestamp(0);
END
$$;
COMMENT ON PROCEDURE delete_expired_cache IS
'Deletes expired rows of bill_info_cache and customer_info, so many pages of the table a transaction; gives the numbers';
REVOKE EXECUTE ON PROCEDURE delete_expired_cache FROM public;
