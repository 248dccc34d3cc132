-- PgBouncer's own role, of the name that CloudNativePG's rules let in by its certificate, and the one thing that it may ask: the password's
-- hash of who connects. Superusers, replication and the owner, whose sessions are more than transactions, go to the server itself.
SELECT format('SELECT %L', 'role       cnpg_pooler_pgbouncer created'), 'CREATE ROLE cnpg_pooler_pgbouncer'
WHERE to_regrole('cnpg_pooler_pgbouncer') IS NULL
\gexec

BEGIN;
ALTER ROLE cnpg_pooler_pgbouncer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT 'CREATE SCHEMA pooler' WHERE to_regnamespace('pooler') IS NULL
\gexec
CREATE OR REPLACE FUNCTION pooler.user_search(asked TEXT) RETURNS TABLE (usename NAME, passwd TEXT)
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rolname, rolpassword
    FROM pg_authid
    WHERE
        rolname = asked AND rolcanlogin AND coalesce(rolvaliduntil > now(), TRUE)
        AND NOT rolsuper AND NOT rolreplication AND NOT rolbypassrls AND rolname <> 'bill_inquiry_owner'
$$;
SELECT format('ALTER %s OWNER TO %s', object, 10::oid::regrole)
FROM unnest(ARRAY['SCHEMA pooler', 'FUNCTION pooler.user_search(TEXT)']) AS object
\gexec
REVOKE ALL ON SCHEMA pooler FROM public;
REVOKE ALL ON FUNCTION pooler.user_search(TEXT) FROM public;
GRANT USAGE ON SCHEMA pooler TO cnpg_pooler_pgbouncer;
GRANT EXECUTE ON FUNCTION pooler.user_search(TEXT) TO cnpg_pooler_pgbouncer;
COMMENT ON FUNCTION pooler.user_search(TEXT) IS 'Hash of a role''s password, for PgBouncer';
COMMIT;
