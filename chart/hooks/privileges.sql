-- Who may do what in the database and its schemas: what is missing is granted, what is too much is revoked, for the chart's roles and
-- PUBLIC; other roles' privileges are the administrator's. What is as it should be is not touched, so that a run without a change writes nothing.
-- Roles that read everything (backup) or statistics (monitoring) have that by membership. Nobody may pass a privilege on, none is
-- on a column but monitoring's, and PUBLIC executes nothing; what a migration lets a role execute in public or cache, it keeps.
BEGIN;
CREATE OR REPLACE TEMPORARY VIEW privilege_difference AS
WITH rule (kind, namespace, grantee, privileges) AS (VALUES
    ('database', '', 'bill_inquiry_user', '{CONNECT}'::TEXT[]),
    ('database', '', 'bill_readonly_user', '{CONNECT}'),
    ('database', '', 'bill_backup_user', '{CONNECT}'),
    ('database', '', 'bill_monitoring_user', '{CONNECT}'),
    ('database', '', 'bill_maintenance_user', '{CONNECT}'),
    ('schema', 'public', 'PUBLIC', '{USAGE}'),
    ('schema', 'public', 'bill_inquiry_user', '{USAGE}'),
    ('schema', 'public', 'bill_readonly_user', '{USAGE}'),
    ('schema', 'public', 'bill_monitoring_user', '{USAGE}'), -- pg_stat_statements is there
    ('schema', 'public', 'bill_maintenance_user', '{USAGE}'),
    ('schema', 'cache', 'bill_inquiry_user', '{USAGE}'),
    ('schema', 'cache', 'bill_readonly_user', '{USAGE}'),
    ('schema', 'audit', 'bill_readonly_user', '{USAGE}'),
    ('schema', 'audit', 'bill_backup_user', '{USAGE}'),
    ('schema', 'audit', 'bill_monitoring_user', '{USAGE}'),
    ('schema', 'audit', 'bill_inquiry_owner', '{USAGE, CREATE}'),
    ('table', 'public', 'bill_inquiry_user', '{SELECT, INSERT, UPDATE, DELETE}'),
    ('table', 'public', 'bill_readonly_user', '{SELECT}'),
    ('table', 'cache', 'bill_inquiry_user', '{SELECT, INSERT, UPDATE, DELETE}'),
    ('table', 'cache', 'bill_readonly_user', '{SELECT}'),
    ('table', 'audit', 'bill_readonly_user', '{SELECT}'),
    ('sequence', 'public', 'bill_inquiry_user', '{SELECT, USAGE}'),
    ('sequence', 'public', 'bill_readonly_user', '{SELECT}'),
    ('sequence', 'cache', 'bill_inquiry_user', '{SELECT, USAGE}'),
    ('sequence', 'cache', 'bill_readonly_user', '{SELECT}')
),

rule_of_one (kind, namespace, name, grantee, privileges) AS (VALUES
    ('table', 'audit', 'schema_migration', 'bill_inquiry_owner', '{SELECT, INSERT}'::TEXT[]),
    ('table', 'audit', 'backup_run', 'bill_backup_user', '{SELECT, INSERT}'),
    ('table', 'audit', 'backup_run', 'bill_monitoring_user', '{SELECT}'),
    ('table', 'audit', 'schema_migration', 'bill_monitoring_user', '{SELECT (version), SELECT (description), SELECT (chart_version), SELECT (applied_at)}'),
    ('routine', 'audit', 'certificates', 'bill_monitoring_user', '{EXECUTE}'),
    -- What is counted, and by what: nothing of a customer, a line or a bill.
    ('table', 'public', 'bill_inquiry_history', 'bill_monitoring_user', '{SELECT (status), SELECT (request_time), SELECT (cache_hit)}'),
    ('table', 'public', 'kos_inquiry_history', 'bill_monitoring_user', '{SELECT (result_code), SELECT (request_time), SELECT (retry_count)}'),
    ('table', 'public', 'bill_info_cache', 'bill_monitoring_user', '{SELECT (expires_at)}')
),

-- Whose objects of which schemas these are.
owner (nspname, oid) AS (VALUES
    ('public', to_regrole('bill_inquiry_owner')::OID),
    ('cache', to_regrole('bill_inquiry_owner')::OID),
    ('audit', to_regrole('bill_inquiry_owner')::OID),
    ('audit', 10)
),

-- What the rules are about: the database, the schemas, what is in them, and what will be made in them (default privileges).
object (kind, namespace, name, prefix, target, owner, acl) AS (
    SELECT 'database', '', '', '', format('DATABASE %I', datname), datdba, coalesce(datacl, acldefault('d', datdba))
    FROM pg_database
    WHERE datname = current_database()
    UNION ALL
    SELECT 'schema', nspname, '', '', format('SCHEMA %I', nspname), nspowner, coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace
    WHERE nspname IN ('public', 'cache', 'audit')
    UNION ALL
    SELECT 'routine', nspname, proname, '', format('ROUTINE %s', pg_proc.oid::regprocedure), proowner, coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc INNER JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE (nspname, proowner) IN (SELECT * FROM owner)
    UNION ALL
    SELECT
        CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname, relname, '',
        format('%s %s', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_class.oid::regclass), relowner,
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
    FROM pg_class INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE
        relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND (nspname, relowner) IN (SELECT * FROM owner)
    UNION ALL
    SELECT
        future.kind, nspname, '', format('ALTER DEFAULT PRIVILEGES FOR ROLE bill_inquiry_owner IN SCHEMA %I ', nspname), future.target,
        to_regrole('bill_inquiry_owner'), coalesce(defaclacl, acldefault('r', to_regrole('bill_inquiry_owner')))
    FROM pg_namespace
    CROSS JOIN (VALUES ('table', 'TABLES', 'r'), ('sequence', 'SEQUENCES', 'S')) AS future (kind, target, objtype)
    LEFT JOIN pg_default_acl
        ON
            defaclnamespace = pg_namespace.oid AND defaclobjtype = future.objtype::"char"
            AND defaclrole = to_regrole('bill_inquiry_owner')
    WHERE nspname IN ('public', 'cache', 'audit')
),

acl (kind, namespace, prefix, target, owner, suffix, item) AS (
    SELECT kind, namespace, prefix, target, owner, '', aclexplode(acl) FROM object
    UNION ALL
    SELECT 'column', nspname, '', format('TABLE %s', attrelid::regclass), relowner, format(' (%I)', attname), aclexplode(attacl)
    FROM pg_attribute
    INNER JOIN pg_class ON pg_class.oid = attrelid
    INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE (nspname, relowner) IN (SELECT * FROM owner) AND NOT attisdropped
),

wanted AS (
    SELECT prefix, target, owner, owner AS grantor, grantee, privilege
    FROM object INNER JOIN rule USING (kind, namespace) CROSS JOIN unnest(privileges) AS privilege
    UNION ALL
    SELECT prefix, target, owner, owner, grantee, privilege
    FROM object INNER JOIN rule_of_one USING (kind, namespace, name) CROSS JOIN unnest(privileges) AS privilege
),

found AS (
    SELECT
        kind = 'routine' AND (item).grantee <> 0 AND namespace <> 'audit' AS a_migrations,
        prefix, target, owner, (item).grantor, coalesce(rolname, 'PUBLIC') AS grantee, (item).privilege_type || suffix AS privilege,
        (item).is_grantable
    FROM acl LEFT JOIN pg_roles ON pg_roles.oid = (item).grantee
    WHERE
        (item).grantee <> owner
        AND (
            (item).grantee = 0 OR rolname IN (
                'bill_inquiry_owner', 'bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user',
                'bill_maintenance_user'
            )
        )
),

change (verb, ending, prefix, target, owner, grantor, grantee, privilege) AS (
    SELECT 'REVOKE', 'FROM %s CASCADE', excess.*
    FROM (
        SELECT prefix, target, owner, grantor, grantee, privilege FROM found WHERE NOT a_migrations
        EXCEPT
        SELECT * FROM wanted
    ) AS excess
    UNION ALL
    SELECT 'REVOKE GRANT OPTION FOR', 'FROM %s CASCADE', prefix, target, owner, grantor, grantee, privilege FROM found WHERE is_grantable
    UNION ALL
    SELECT 'GRANT', 'TO %s', lack.*
    FROM (SELECT * FROM wanted EXCEPT SELECT prefix, target, owner, grantor, grantee, privilege FROM found) AS lack
)

SELECT
    grantor::regrole::text,
    grantor = owner AS by_owner,
    verb = 'GRANT' AS gives,
    format('%s%s %s ON %s ', prefix, verb, string_agg(privilege, ', ' ORDER BY privilege), target) || format(ending, grantee) AS statement
FROM change
GROUP BY verb, ending, prefix, target, owner, grantor, grantee;

-- First what others granted, while they still may take it back: PostgreSQL takes a grant from nobody but who made it. Where it cannot
-- be done so, another's CASCADE may do it.
SELECT
    format('SELECT %L', format('privilege  %s, which %s had granted', statement, grantor)),
    format('DO %L', format('BEGIN SET LOCAL ROLE %s; %s; RESET ROLE; EXCEPTION WHEN insufficient_privilege THEN NULL; END', grantor, statement))
FROM privilege_difference
WHERE NOT by_owner
ORDER BY statement
\gexec
SELECT
    format('SELECT %L', 'privilege  ' || statement),
    statement
FROM privilege_difference
WHERE by_owner AND NOT gives
ORDER BY statement
\gexec
-- Only now is it seen what is missing: who is revoked a table is revoked its columns with it.
SELECT
    format('SELECT %L', 'privilege  ' || statement),
    statement
FROM privilege_difference
WHERE by_owner AND gives
ORDER BY statement
\gexec
SELECT format('privilege  stays as it is and should not; by hand: %s (granted by %s)', statement, grantor)
FROM privilege_difference
ORDER BY statement;

-- A function is for everybody by default. A migration that makes one for the service says so.
SELECT 'ALTER DEFAULT PRIVILEGES FOR ROLE bill_inquiry_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC'
WHERE NOT EXISTS (
    SELECT FROM pg_default_acl
    WHERE defaclnamespace = 0 AND defaclobjtype = 'f' AND defaclrole = to_regrole('bill_inquiry_owner')
)
\gexec

\i large-objects.sql
SELECT format('GRANT EXECUTE ON FUNCTION %s TO bill_inquiry_owner', oid::regprocedure)
FROM pg_proc
WHERE
    pronamespace = 'pg_catalog'::regnamespace AND NOT has_function_privilege('bill_inquiry_owner', oid, 'EXECUTE')
    AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite', 'lo_truncate', 'lo_truncate64')
\gexec
COMMIT;
