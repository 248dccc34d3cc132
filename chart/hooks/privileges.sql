-- Who may do what in the schemas: what is missing is granted, what is too much is revoked, for the chart's roles and PUBLIC; other
-- roles' privileges are the administrator's. What is as it should be is not touched, so that a run without a change writes nothing.
-- Roles that read everything (backup) or only statistics (monitoring) have that by membership.
BEGIN;
WITH rule (kind, namespace, grantee, privileges) AS (VALUES
    ('schema', 'public', 'PUBLIC', '{USAGE}'::TEXT[]),
    ('schema', 'public', 'bill_inquiry_user', '{USAGE}'),
    ('schema', 'public', 'bill_readonly_user', '{USAGE}'),
    ('schema', 'public', 'bill_monitoring_user', '{USAGE}'), -- pg_stat_statements is there
    ('schema', 'cache', 'bill_inquiry_user', '{USAGE}'),
    ('schema', 'cache', 'bill_readonly_user', '{USAGE}'),
    ('schema', 'audit', 'bill_readonly_user', '{USAGE}'),
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

-- What the rules are about: the schemas, what is in them, and what will be made in them (default privileges).
object (kind, namespace, prefix, target, owner, acl) AS (
    SELECT 'schema', nspname, '', format('SCHEMA %I', nspname), nspowner, coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace
    WHERE nspname IN ('public', 'cache', 'audit')
    UNION ALL
    SELECT
        CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname, '',
        format('%s %s', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_class.oid::regclass), relowner,
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
    FROM pg_class INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE
        nspname IN ('public', 'cache', 'audit') AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND relowner = 'bill_inquiry_owner'::regrole
    UNION ALL
    SELECT
        future.kind, nspname, format('ALTER DEFAULT PRIVILEGES FOR ROLE bill_inquiry_owner IN SCHEMA %I ', nspname), future.target,
        'bill_inquiry_owner'::regrole, coalesce(defaclacl, acldefault('r', 'bill_inquiry_owner'::regrole))
    FROM pg_namespace
    CROSS JOIN (VALUES ('table', 'TABLES', 'r'), ('sequence', 'SEQUENCES', 'S')) AS future (kind, target, objtype)
    LEFT JOIN pg_default_acl
        ON
            defaclnamespace = pg_namespace.oid AND defaclobjtype = future.objtype::"char"
            AND defaclrole = 'bill_inquiry_owner'::regrole
    WHERE nspname IN ('public', 'cache', 'audit')
),

wanted AS (
    SELECT prefix, target, grantee, privilege
    FROM object INNER JOIN rule USING (kind, namespace) CROSS JOIN unnest(privileges) AS privilege
),

found AS (
    SELECT prefix, target, coalesce(rolname, 'PUBLIC') AS grantee, privilege_type AS privilege
    FROM object CROSS JOIN aclexplode(acl) AS item LEFT JOIN pg_roles ON pg_roles.oid = item.grantee
    WHERE
        item.grantee <> owner
        AND (item.grantee = 0 OR rolname IN ('bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user'))
),

change AS (
    SELECT 'REVOKE' AS verb, 'FROM' AS preposition, excess.* FROM (SELECT * FROM found EXCEPT SELECT * FROM wanted) AS excess
    UNION ALL
    SELECT 'GRANT', 'TO', lack.* FROM (SELECT * FROM wanted EXCEPT SELECT * FROM found) AS lack
)

SELECT
    format('SELECT %L', 'privilege  ' || statement),
    statement
FROM (
    SELECT format('%s%s %s ON %s %s %s', prefix, verb, string_agg(privilege, ', ' ORDER BY privilege), target, preposition, grantee)
    FROM change
    GROUP BY verb, preposition, prefix, target, grantee
) AS changes (statement)
ORDER BY statement
\gexec

-- A function is for everybody by default. A migration that makes one for the service says so.
SELECT 'ALTER DEFAULT PRIVILEGES FOR ROLE bill_inquiry_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC'
WHERE NOT EXISTS (
    SELECT FROM pg_default_acl
    WHERE defaclnamespace = 0 AND defaclobjtype = 'f' AND defaclrole = 'bill_inquiry_owner'::regrole
)
\gexec
COMMIT;
