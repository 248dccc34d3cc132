-- Deletes what is too old, beside writers: a row that somebody holds is passed over and counted, and ends nothing. What the retention
-- role has no privilege for is in functions with the rights of the owner (FOR UPDATE asks for UPDATE): they delete what is too old by
-- system_config, and nothing else. The procedures call them and COMMIT, which a SECURITY DEFINER may not. Figures: docs/schema.md; who
-- calls them: docs/retention.md.

ALTER FUNCTION public.retention_start SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- The next `batch` calls to KOS that are too old, from behind (reached, reached_id) on: the next batch never walks again over what is
-- deleted and not vacuumed yet. Rows are named in arrays: so the plans need no statistics.
CREATE FUNCTION public.delete_old_calls(
    batch INTEGER, INOUT reached TIMESTAMP, INOUT reached_id BIGINT, OUT seen BIGINT, OUT deleted BIGINT
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    oldest_kept TIMESTAMP := public.retention_start('kos.history.retention.days');
    ids BIGINT[];
BEGIN
    SELECT count(*), max(request_time), array_agg(id)
    INTO seen, reached, ids
    FROM (
        SELECT id, request_time
        FROM public.kos_inquiry_history
        WHERE (request_time, id) > (reached, reached_id) AND request_time < oldest_kept
        ORDER BY request_time, id
        LIMIT batch
    ) AS old;
    reached_id := ids[seen];
    ids := ARRAY(
        SELECT id FROM public.kos_inquiry_history WHERE id = ANY(ids) AND request_time < oldest_kept FOR UPDATE SKIP LOCKED
    );
    DELETE FROM public.kos_inquiry_history WHERE id = ANY(ids);
    GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;
COMMENT ON FUNCTION public.delete_old_calls IS 'A batch of delete_old_history: calls to KOS';

-- The same for inquiries. Calls that are left go with their inquiry, by the foreign key; it would wait for a call that somebody holds,
-- so the inquiry of such a call is passed over too.
CREATE FUNCTION public.delete_old_inquiries(
    batch INTEGER, INOUT reached TIMESTAMP, INOUT reached_id BIGINT, OUT seen BIGINT, OUT deleted BIGINT
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    oldest_kept TIMESTAMP := public.retention_start('bill.history.retention.days');
    ids BIGINT[];
    free_calls BIGINT[];
    requests TEXT[];
    held_requests TEXT[];
BEGIN
    SELECT count(*), max(request_time), array_agg(id)
    INTO seen, reached, ids
    FROM (
        SELECT id, request_time
        FROM public.bill_inquiry_history
        WHERE (request_time, id) > (reached, reached_id) AND request_time < oldest_kept
        ORDER BY request_time, id
        LIMIT batch
    ) AS old;
    reached_id := ids[seen];
    ids := ARRAY(
        SELECT id FROM public.bill_inquiry_history WHERE id = ANY(ids) AND request_time < oldest_kept FOR UPDATE SKIP LOCKED
    );
    requests := ARRAY(SELECT request_id FROM public.bill_inquiry_history WHERE id = ANY(ids));
    free_calls := ARRAY(
        SELECT id FROM public.kos_inquiry_history WHERE bill_request_id = ANY(requests) FOR UPDATE SKIP LOCKED
    );
    held_requests := ARRAY(
        SELECT bill_request_id FROM public.kos_inquiry_history WHERE bill_request_id = ANY(requests) AND id <> ALL(free_calls)
    );
    DELETE FROM public.bill_inquiry_history WHERE id = ANY(ids) AND request_id <> ALL(held_requests);
    GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;
COMMENT ON FUNCTION public.delete_old_inquiries IS 'A batch of delete_old_history: inquiries, each with its calls';

CREATE OR REPLACE PROCEDURE public.delete_old_history(
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
    reached TIMESTAMP := '-infinity';
    reached_id BIGINT := 0;
    seen BIGINT := batch;
    deleted BIGINT;
    held BIGINT := 0;
BEGIN
    IF batch IS NULL OR batch < 1 THEN
        RAISE EXCEPTION 'batch is %, not a number of rows: nothing is deleted', coalesce(batch::text, 'null')
            USING HINT = 'Give 1 or more; the default is 200.';
    END IF;
    IF at_most IS NULL THEN
        RAISE EXCEPTION 'at_most is null, not an interval: nothing is deleted' USING HINT = 'The default is 1 hour.';
    END IF;

    WHILE seen = batch AND clock_timestamp() < deadline LOOP
        SELECT * INTO reached, reached_id, seen, deleted FROM public.delete_old_calls(batch, reached, reached_id);
        calls := calls + deleted;
        held := held + seen - deleted;
        COMMIT;
        PERFORM pg_sleep_for(pause);
    END LOOP;

    IF seen < batch THEN
        reached := '-infinity';
        reached_id := 0;
        seen := batch;
    END IF;
    WHILE seen = batch AND clock_timestamp() < deadline LOOP
        SELECT * INTO reached, reached_id, seen, deleted FROM public.delete_old_inquiries(batch, reached, reached_id);
        inquiries := inquiries + deleted;
        held := held + seen - deleted;
        COMMIT;
        PERFORM pg_sleep_for(pause);
    END LOOP;

    RAISE NOTICE 'deleted % calls to KOS from before % and % inquiries from before %; % rows are left that others hold%',
        calls, oldest_call::timestamp(0), inquiries, oldest_inquiry::timestamp(0), held,
        CASE WHEN seen = batch THEN format('; %s were over before the end: the next run goes on', at_most) ELSE '' END;
END
$$;

REVOKE EXECUTE ON ROUTINE public.delete_old_calls, public.delete_old_inquiries FROM public;
GRANT EXECUTE ON ROUTINE
public.retention_start, public.delete_old_calls, public.delete_old_inquiries, public.delete_old_history
TO bill_maintenance_user;
