-- Gives the restored database the service's name, and the one that has it another, in one transaction. What is set for the old one holds
-- for the new one: settings, who may connect, how many. Where there is no old one, it is what the manifest says.
\set manifest `cat :work/manifest.json`
SELECT coalesce(max(oid), 0) AS old FROM pg_database WHERE datname = :'live' \gset
BEGIN;
SELECT format(
    'ALTER %sDATABASE %I SET %s TO %s', CASE WHEN role IS NOT NULL THEN format('ROLE %I IN ', role) END, :'restored',
    (SELECT string_agg(quote_ident(word), '.') FROM unnest(string_to_array(name, '.')) AS word),
    -- A list is given word by word.
    CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries') THEN (
        SELECT coalesce(string_agg(quote_literal(coalesce(replace(element[1], '""', '"'), lower(element[2]))), ', '), '''''')
        FROM regexp_matches(value, '"((?:[^"]|"")*)"|([^", ]+)', 'g') AS element
    ) ELSE quote_literal(value) END
)
FROM (
    SELECT CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END AS role, unnest(setconfig) AS setting
    FROM pg_db_role_setting
    WHERE setdatabase = :old
    UNION ALL
    SELECT item ->> 'role', item ->> 'setting'
    FROM jsonb_array_elements(nullif(:'manifest'::jsonb -> 'settings', 'null')) AS item
    WHERE :old = 0
) AS given CROSS JOIN LATERAL (SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value) AS part
WHERE role IS NULL OR to_regrole(quote_ident(role)) IS NOT NULL
\gexec
SELECT format(
    'GRANT %s ON DATABASE %I TO %s%s', privilege, :'restored', CASE grantee WHEN 'PUBLIC' THEN grantee ELSE quote_ident(grantee) END,
    CASE WHEN grantable THEN ' WITH GRANT OPTION' END
)
FROM (
    SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END AS grantee, privilege_type AS privilege, is_grantable AS grantable
    FROM pg_database CROSS JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba)))
    WHERE pg_database.oid = :old AND grantee <> datdba
    UNION ALL
    SELECT item ->> 'grantee', item ->> 'privilege', (item ->> 'grantable')::boolean
    FROM jsonb_array_elements(nullif(:'manifest'::jsonb -> 'privileges', 'null')) AS item
    WHERE :old = 0
) AS given
WHERE grantee = 'PUBLIC' OR to_regrole(quote_ident(grantee)) IS NOT NULL
\gexec
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'restored', datconnlimit) FROM pg_database WHERE oid = :old AND datconnlimit >= 0
\gexec
SELECT set_config('billdb.' || name, value, TRUE) AS setting
FROM (VALUES ('live', :'live'), ('restored', :'restored'), ('kept', :'kept')) AS given (name, value) \g /dev/null
DO $$
DECLARE
    live CONSTANT TEXT := current_setting('billdb.live');
    restored CONSTANT TEXT := current_setting('billdb.restored');
    kept CONSTANT TEXT := current_setting('billdb.kept');
    deadline CONSTANT TIMESTAMPTZ := clock_timestamp() + interval '2 min';
BEGIN
    -- RENAME keeps others out and waits 5 s for those who are in; who came in just before it is sent away by the next try.
    LOOP
        BEGIN
            PERFORM pg_stat_clear_snapshot();
            PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (live, restored);
            IF EXISTS (SELECT FROM pg_database WHERE datname = live) THEN
                EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, kept);
                EXECUTE format('COMMENT ON DATABASE %I IS %L', kept, format('billdb: what %s was until %s', live, now()::timestamptz(0)));
            END IF;
            EXECUTE format('ALTER DATABASE %I RENAME TO %I', restored, live);
            EXIT;
        EXCEPTION WHEN object_in_use THEN
            IF clock_timestamp() > deadline THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END
$$;
COMMIT;
