-- The number of rows of each table of the manifest that is this session's own: counting may run what its owner wrote.
\set manifest `cat :work/manifest.json`
SELECT format(
    'SELECT json_build_object(''schema'', %L, ''name'', %L, ''rows'', count(*)) FROM ONLY %I.%I', nspname, relname, nspname, relname
)
FROM jsonb_to_recordset(:'manifest'::jsonb -> 'tables') AS expected ("schema" TEXT, name TEXT)
INNER JOIN pg_namespace ON nspname = expected."schema"
INNER JOIN pg_class ON relnamespace = pg_namespace.oid AND relname = expected.name
INNER JOIN pg_roles ON pg_roles.oid = relowner
INNER JOIN pg_roles AS own ON own.rolname = current_user
WHERE relkind = 'r' AND (relowner = own.oid OR pg_roles.rolsuper AND own.rolsuper)
\gexec
