-- A migration has public in its search_path. A routine or operator there can be a better match for a call than PostgreSQL's own, and
-- would run as whoever migrates: all of them are the owner's or a superuser's. So is the function of every cast, and of every trigger on a
-- table of the owner's.
DO $$
DECLARE
    problems TEXT;
BEGIN
    SELECT string_agg(format('- %s of %s', pg_describe_object(class, object, 0), rolname), E'\n')
    INTO problems
    FROM (
        SELECT 'pg_proc'::regclass, oid, proowner, pronamespace FROM pg_proc
        UNION ALL
        SELECT 'pg_operator'::regclass, oid, oprowner, oprnamespace FROM pg_operator
        UNION ALL
        SELECT 'pg_cast'::regclass, pg_cast.oid, proowner, 'public'::regnamespace FROM pg_cast INNER JOIN pg_proc ON pg_proc.oid = castfunc
        UNION ALL
        SELECT 'pg_trigger'::regclass, pg_trigger.oid, proowner, relnamespace
        FROM pg_trigger INNER JOIN pg_proc ON pg_proc.oid = tgfoid INNER JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relowner = to_regrole('bill_inquiry_owner')
    ) AS found (class, object, owner, namespace)
    INNER JOIN pg_roles ON pg_roles.oid = owner INNER JOIN pg_namespace ON pg_namespace.oid = namespace
    WHERE nspname IN ('public', 'cache', 'audit') AND NOT rolsuper AND rolname <> 'bill_inquiry_owner';

    IF problems IS NOT NULL THEN
        RAISE EXCEPTION E'a migration could run code of another role as the owner, none was applied:\n%', problems
            USING HINT = 'Drop it, move it to another schema, or read it and give it to bill_inquiry_owner (ALTER … OWNER TO).';
    END IF;
END
$$;
