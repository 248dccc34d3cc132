-- The name of an exported snapshot of the database, and the manifest of what it has: two lines. Whoever reads a dump counts on it.
SET lock_timeout = '60s';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot();
\set globals `cat :work/globals.sql`
\out :work/tables
SELECT format(
    'SELECT json_build_object(''schema'', %L, ''name'', %L, ''rows'', count(*), ''bytes'', pg_total_relation_size(%s)) FROM ONLY %I.%I',
    nspname, relname, pg_class.oid, nspname, relname
)
FROM pg_class INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE
    relkind = 'r' AND relpersistence <> 't' AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
ORDER BY nspname, relname
\gexec
\out
\set tables `paste --serial --delimiters=, :work/tables`
SELECT json_build_object(
    'format', 1, 'chart', :'chart', 'release', :'release', 'database', current_database(),
    'server', current_setting('server_version'), 'server_num', current_setting('server_version_num')::int,
    'started_at', now(), 'size', pg_database_size(current_database()),
    'schema_version', (SELECT max(version) FROM audit.schema_migration),
    'ledger', (SELECT json_agg(json_build_object('version', version, 'sha256', sha256) ORDER BY version) FROM audit.schema_migration),
    'globals', :'globals', 'tables', ('[' || :'tables' || ']')::json
);
