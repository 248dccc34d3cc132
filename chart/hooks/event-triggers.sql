-- An event trigger's function runs in the session of whoever does DDL, here a superuser's: it must be a superuser's. The chart's own are
-- made anew by audit.sql. (Commands on event triggers fire none.)
SELECT format('DROP EVENT TRIGGER %I', evtname)
FROM pg_event_trigger
WHERE
    evtname IN ('billdb_record_ddl', 'billdb_record_drop')
    AND EXISTS (
        SELECT FROM pg_roles
        WHERE NOT rolsuper AND pg_roles.oid IN (
            (SELECT proowner FROM pg_proc WHERE pg_proc.oid = evtfoid),
            (SELECT relowner FROM pg_class WHERE pg_class.oid = to_regclass('audit.ddl_history')),
            (SELECT nspowner FROM pg_namespace WHERE nspname = 'audit')
        )
    )
\gexec
DO $$
DECLARE
    problems TEXT;
BEGIN
    SELECT string_agg(
        format('- %I of database %I runs %s, which is %s''s', evtname, current_database(), evtfoid::regprocedure, rolname), E'\n'
    )
    INTO problems
    FROM pg_event_trigger INNER JOIN pg_proc ON pg_proc.oid = evtfoid INNER JOIN pg_roles ON pg_roles.oid = proowner
    WHERE NOT rolsuper AND evtenabled <> 'D';

    IF problems IS NOT NULL THEN
        RAISE EXCEPTION E'an event trigger would run the function of another role as superuser, nothing was done here:\n%', problems
            USING HINT = 'ALTER EVENT TRIGGER … DISABLE, or read the function and give it to postgres: ALTER FUNCTION … OWNER TO.';
    END IF;
END
$$;
