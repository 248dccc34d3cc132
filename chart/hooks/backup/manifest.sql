-- The name of an exported snapshot of the database, and the manifest of what it has: two lines. Whoever reads a dump counts on it.
SET lock_timeout = '60s';
-- A table with policies is refused, as pg_dump does it, instead of running what they call.
SET row_security = off;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot();
\set globals `cat :work/globals.sql`
-- The rows are counted as COPY gives them, of one column: to plan a query evaluates expressions of indexes, and what they call would run as
-- this role, which may read everything.
\out |awk -f count-rows.awk > "$COUNTED"
SELECT
    format('SELECT %L', '\ ' || json_build_object('schema', nspname, 'name', relname, 'bytes', pg_total_relation_size(pg_class.oid))),
    format('COPY %I.%I %s TO STDOUT', nspname, relname, '(' || (
        SELECT quote_ident(attname) FROM pg_attribute
        WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
        ORDER BY attlen < 0, attnum
        LIMIT 1
    ) || ')')
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
\set tables `paste --serial --delimiters=, "$COUNTED"`
SELECT :'tables' = '' AS uncounted \gset
\if :uncounted
\warn ERROR: the rows of the tables were not counted
SELECT 1 / 0 AS stop;
\endif
SELECT json_build_object(
    'format', 1, 'chart', :'chart', 'release', :'release', 'database', current_database(),
    'server', current_setting('server_version'), 'server_num', current_setting('server_version_num')::int,
    'started_at', now(), 'size', pg_database_size(current_database()),
    'schema_version', (SELECT max(version) FROM audit.schema_migration),
    'ledger', (SELECT json_agg(json_build_object('version', version, 'sha256', sha256) ORDER BY version) FROM audit.schema_migration),
    -- What a server that lacks them has to be given: the administrator's own roles, and what is set for this database.
    'roles', (
        SELECT json_agg(json_build_object('name', rolname, 'member_of', ARRAY(
            SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = pg_roles.oid ORDER BY 1
        )) ORDER BY rolname)
        FROM pg_roles
        WHERE oid >= 16384
    ),
    'settings', (
        SELECT json_agg(json_build_object('role', CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END, 'setting', setting))
        FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    ),
    'privileges', (
        SELECT json_agg(json_build_object(
            'grantee', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, 'privilege', privilege_type, 'grantable', is_grantable
        ))
        FROM pg_database CROSS JOIN aclexplode(coalesce(datacl, acldefault('d', datdba)))
        WHERE datname = current_database() AND grantee <> datdba
    ),
    'globals', :'globals', 'tables', ('[' || :'tables' || ']')::json
);
