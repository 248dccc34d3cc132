-- A superuser's migration calls PostgreSQL's own routines and operators: none of the owner may stand before them.
DO $$
DECLARE
    problems TEXT;
BEGIN
    SELECT string_agg(format('- %s of %s', pg_describe_object(class, object, 0), rolname), E'\n')
    INTO problems
    FROM (
        SELECT 'pg_proc'::regclass, oid, proowner, pronamespace FROM pg_proc
        WHERE proname IN (SELECT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace)
        UNION ALL
        SELECT 'pg_operator'::regclass, oid, oprowner, oprnamespace FROM pg_operator
        WHERE oprname IN (SELECT oprname FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace)
    ) AS found (class, object, owner, namespace)
    INNER JOIN pg_roles ON pg_roles.oid = owner INNER JOIN pg_namespace ON pg_namespace.oid = namespace
    WHERE nspname IN ('public', 'cache', 'audit') AND NOT rolsuper;

    IF problems IS NOT NULL THEN
        RAISE EXCEPTION E'a superuser''s migration could run it in place of PostgreSQL''s own, it was not applied:\n%', problems
            USING HINT = 'Rename it, drop it, or move it to another schema.';
    END IF;
END
$$;
