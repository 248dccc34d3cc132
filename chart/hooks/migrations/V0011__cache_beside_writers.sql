-- As V0010 does for the history: an entry that somebody holds is passed over and counted.

-- Expired entries in a range of pages of a cache: without an index on expires_at, which every refresh would have to maintain.
CREATE FUNCTION public.delete_expired_entries(
    cache TEXT, first_page BIGINT, pages INTEGER, OUT seen BIGINT, OUT deleted BIGINT
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_place TID := format('(%s,0)', first_page);
    end_place TID := format('(%s,0)', first_page + pages);
    this_moment TIMESTAMP := now() AT TIME ZONE 'Asia/Seoul';
    places TID[];
BEGIN
    IF cache IS NULL OR cache NOT IN ('bill_info_cache', 'customer_info') THEN
        RAISE EXCEPTION '% is no cache: nothing is deleted', coalesce(cache, 'null');
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I WHERE ctid >= $1 AND ctid < $2 AND expires_at < $3', cache)
    INTO seen USING first_place, end_place, this_moment;
    EXECUTE format('
        SELECT array_agg(place)
        FROM (SELECT ctid AS place FROM public.%I WHERE ctid >= $1 AND ctid < $2 AND expires_at < $3 FOR UPDATE SKIP LOCKED) AS free', cache)
    INTO places USING first_place, end_place, this_moment;
    EXECUTE format('DELETE FROM public.%I WHERE ctid = ANY($1)', cache) USING places;
    GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;
COMMENT ON FUNCTION public.delete_expired_entries IS 'A batch of delete_expired_cache';

-- squawk-ignore ban-drop-function
DROP PROCEDURE public.delete_expired_cache; -- it gets a parameter, between those that it has

CREATE PROCEDURE public.delete_expired_cache(
    pages INTEGER DEFAULT 1000,
    pause INTERVAL DEFAULT '20 ms',
    at_most INTERVAL DEFAULT '1 hour',
    INOUT bills BIGINT DEFAULT 0,
    INOUT customers BIGINT DEFAULT 0
) LANGUAGE plpgsql AS $$
DECLARE
    this_moment TIMESTAMP := now() AT TIME ZONE 'Asia/Seoul';
    deadline TIMESTAMPTZ := clock_timestamp() + at_most;
    page_size INTEGER := current_setting('block_size');
    cache TEXT;
    first_page BIGINT;
    seen BIGINT;
    deleted BIGINT;
    held BIGINT := 0;
    at_end BOOLEAN := TRUE;
BEGIN
    IF pages IS NULL OR pages < 1 THEN
        RAISE EXCEPTION 'pages is %, not a number of pages: nothing is deleted', coalesce(pages::text, 'null')
            USING HINT = 'Give 1 or more; the default is 1000.';
    END IF;
    IF at_most IS NULL THEN
        RAISE EXCEPTION 'at_most is null, not an interval: nothing is deleted' USING HINT = 'The default is 1 hour.';
    END IF;

    FOREACH cache IN ARRAY ARRAY['bill_info_cache', 'customer_info'] LOOP
        first_page := 0;
        WHILE first_page * page_size < pg_relation_size('public.' || cache) LOOP
            at_end := clock_timestamp() < deadline;
            EXIT WHEN NOT at_end;
            SELECT * INTO seen, deleted FROM public.delete_expired_entries(cache, first_page, pages);
            IF cache = 'bill_info_cache' THEN
                bills := bills + deleted;
            ELSE
                customers := customers + deleted;
            END IF;
            held := held + seen - deleted;
            COMMIT;
            PERFORM pg_sleep_for(pause);
            first_page := first_page + pages;
        END LOOP;
    END LOOP;

    RAISE NOTICE 'deleted % bills and % customers that expired before %; % rows are left that others hold%',
        bills, customers, this_moment::timestamp(0), held,
        CASE WHEN at_end THEN '' ELSE format('; %s were over before the end: the next run goes on', at_most) END;
END
$$;
COMMENT ON PROCEDURE public.delete_expired_cache IS
'Deletes expired rows of bill_info_cache and customer_info, so many pages of the table a transaction; gives the numbers';

REVOKE EXECUTE ON ROUTINE public.delete_expired_entries, public.delete_expired_cache FROM public;
GRANT EXECUTE ON ROUTINE public.delete_expired_entries, public.delete_expired_cache TO bill_maintenance_user;
