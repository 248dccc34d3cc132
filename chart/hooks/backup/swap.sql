-- Gives the restored database the service's name, and the one that has it another, in one transaction. What is set for the old one holds
-- for the new one: settings, who may connect, how many. Where there is no old one, the manifest says so.
\set manifest `cat :work/manifest.json`
SELECT
    set_config('billdb.live', :'live', FALSE) AS live, set_config('billdb.restored', :'restored', FALSE) AS restored,
    set_config('billdb.kept', :'kept', FALSE) AS kept, set_config('billdb.manifest', :'manifest', FALSE) AS manifest
\gset swap_
DO $$
DECLARE
    live CONSTANT TEXT := current_setting('billdb.live');
    restored CONSTANT TEXT := current_setting('billdb.restored');
    kept CONSTANT TEXT := current_setting('billdb.kept');
    manifest CONSTANT JSONB := current_setting('billdb.manifest');
    old CONSTANT OID := (SELECT oid FROM pg_database WHERE datname = live);
    deadline CONSTANT TIMESTAMPTZ := clock_timestamp() + interval '2 min';
    statement TEXT;
BEGIN
    FOR statement IN
        SELECT format(
            'ALTER %sDATABASE %I SET %s TO %s', CASE WHEN role IS NOT NULL THEN format('ROLE %I IN ', role) END, restored,
            (SELECT string_agg(quote_ident(word), '.') FROM unnest(string_to_array(name, '.')) AS word),
            -- A list is given word by word.
            CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries') THEN (
                SELECT coalesce(string_agg(quote_literal(coalesce(replace(found[1], '""', '"'), lower(found[2]))), ', '), '''''')
                FROM regexp_matches(value, '"((?:[^"]|"")*)"|([^", ]+)', 'g') AS found
            ) ELSE quote_literal(value) END
        )
        FROM (
            SELECT CASE setrole WHEN 0 THEN NULL ELSE pg_get_userbyid(setrole) END AS role, unnest(setconfig) AS setting
            FROM pg_db_role_setting
            WHERE setdatabase = old
            UNION ALL
            SELECT item ->> 'role', item ->> 'setting' FROM jsonb_array_elements(nullif(manifest -> 'settings', 'null')) AS item WHERE old IS NULL
        ) AS given CROSS JOIN LATERAL (
            SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value
        ) AS part
        WHERE role IS NULL OR to_regrole(quote_ident(role)) IS NOT NULL
        UNION ALL
        SELECT format(
            'GRANT %s ON DATABASE %I TO %s%s', privilege, restored, CASE grantee WHEN 'PUBLIC' THEN grantee ELSE quote_ident(grantee) END,
            CASE WHEN grantable THEN ' WITH GRANT OPTION' END
        )
        FROM (
            SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END AS grantee, privilege_type, is_grantable
            FROM pg_database CROSS JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba)))
            WHERE pg_database.oid = old AND grantee <> datdba
            UNION ALL
            SELECT item ->> 'grantee', item ->> 'privilege', (item ->> 'grantable')::boolean
            FROM jsonb_array_elements(nullif(manifest -> 'privileges', 'null')) AS item
            WHERE old IS NULL
        ) AS given (grantee, privilege, grantable)
        WHERE grantee = 'PUBLIC' OR to_regrole(quote_ident(grantee)) IS NOT NULL
        UNION ALL
        SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', restored, datconnlimit) FROM pg_database WHERE oid = old AND datconnlimit >= 0
    LOOP
        EXECUTE statement;
    END LOOP;

    -- RENAME keeps others out and waits 5 s for those who are in; who came in just before is sent away the next time.
    LOOP
        BEGIN
            PERFORM pg_stat_clear_snapshot();
            PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (live, restored) AND pid <> pg_backend_pid();
            IF old IS NOT NULL THEN
                EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, kept);
                EXECUTE format(
                    'COMMENT ON DATABASE %I IS %L', kept, format('billdb: what %s was until %s', live, clock_timestamp()::timestamptz(0))
                );
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
