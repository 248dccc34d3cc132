-- Schemas and their owner; audit is a superuser's (audit.sql). What a superuser made or restored there becomes the owner's too: migrations
-- run as the owner. So do tables and sequences of the chart's roles, which may change rows and no tables; but nothing by which their code
-- would run as the owner.
BEGIN;
SELECT format('CREATE SCHEMA %I', name)
FROM unnest(ARRAY['public', 'cache', 'audit']) AS name
WHERE to_regnamespace(name) IS NULL
\gexec
-- COMMENT waits for an open ALTER EXTENSION … ADD SCHEMA, which ALTER SCHEMA does not: audit.sql shall see what came of it.
SELECT
    format('COMMENT ON SCHEMA %I IS %L', nspname, obj_description(pg_namespace.oid, 'pg_namespace')),
    format('ALTER SCHEMA %I OWNER TO %s', nspname, owner)
FROM pg_namespace CROSS JOIN LATERAL (
    SELECT CASE nspname WHEN 'audit' THEN 10::oid::regrole ELSE 'bill_inquiry_owner'::regrole END
) AS wanted (owner)
WHERE nspname IN ('public', 'cache', 'audit') AND nspowner <> owner
\gexec

CREATE TEMPORARY TABLE handed_over ON COMMIT DROP AS
SELECT kind, name, classid, objid, NOT rolsuper AS of_a_role
FROM (
    SELECT
        CASE relkind
            WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE'
            ELSE 'TABLE'
        END AS kind,
        pg_class.oid::regclass::text AS name, relowner AS owner, relnamespace AS namespace, 'pg_class'::regclass AS classid,
        pg_class.oid AS objid, relkind IN ('r', 'p', 'S') AND NOT relhasrules AS without_code
    FROM pg_class
    WHERE
        relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        -- The sequence of a column goes with its table.
        AND NOT EXISTS (
            SELECT FROM pg_depend
            WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND relkind = 'S' AND deptype IN ('a', 'i')
        )
    UNION ALL
    SELECT 'ROUTINE', oid::regprocedure::text, proowner, pronamespace, 'pg_proc'::regclass, oid, FALSE FROM pg_proc WHERE prokind <> 'a'
    UNION ALL
    SELECT 'TYPE', oid::regtype::text, typowner, typnamespace, 'pg_type'::regclass, oid, FALSE
    FROM pg_type
    WHERE typtype IN ('d', 'e', 'r')
) AS object
INNER JOIN pg_roles ON pg_roles.oid = owner
WHERE
    namespace::regnamespace::text IN ('public', 'cache', 'audit')
    AND (
        rolsuper
        OR (
            rolname IN ('bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user', 'bill_maintenance_user')
            AND without_code
            AND NOT EXISTS (
                SELECT FROM pg_proc INNER JOIN pg_roles AS author ON author.oid = proowner
                WHERE NOT author.rolsuper AND author.rolname <> 'bill_inquiry_owner'
            )
        )
    )
    -- These are a superuser's (audit.sql).
    AND name NOT IN (
        'audit.schema_migration', 'audit.ddl_history', 'audit.backup_run', 'audit.record_ddl()', 'audit.record_drop()', 'audit.certificates()'
    )
    AND NOT EXISTS (
        SELECT FROM pg_depend WHERE pg_depend.classid = object.classid AND pg_depend.objid = object.objid AND deptype = 'e'
    );
SELECT
    format('SELECT %L', format('owner      %s %s is bill_inquiry_owner''s now', kind, name)),
    format('ALTER %s %s OWNER TO bill_inquiry_owner', kind, name)
FROM handed_over
\gexec
-- Names may have changed hands while one was waited for, and code of a role's may have been attached. Now they are locked, and hold still.
SELECT count(*) > 0 AS changed
FROM handed_over LEFT JOIN pg_shdepend
    ON
        pg_shdepend.classid = handed_over.classid AND pg_shdepend.objid = handed_over.objid AND deptype = 'o'
        AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND refobjid = to_regrole('bill_inquiry_owner')
WHERE
    refobjid IS NULL
    OR of_a_role AND EXISTS (
        SELECT FROM pg_proc INNER JOIN pg_roles AS author ON author.oid = proowner
        WHERE NOT author.rolsuper AND author.rolname <> 'bill_inquiry_owner'
    )
\gset
\if :changed
\warn ERROR: somebody changed objects in public, cache or audit while they were given to bill_inquiry_owner; nothing was changed.
SELECT 1 / 0 AS stop;
\endif

SELECT format(
    'owner      %s %s is %s''s and stays so: drop it, or give it another owner by hand', object.type, object.identity, refobjid::regrole
)
FROM pg_shdepend INNER JOIN pg_database ON pg_database.oid = dbid CROSS JOIN LATERAL pg_identify_object(classid, objid, objsubid) AS object
WHERE
    datname = current_database() AND deptype = 'o'
    AND refobjid::regrole::text IN (
        'bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user', 'bill_maintenance_user'
    )
ORDER BY object.identity;
COMMIT;
