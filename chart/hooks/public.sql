-- In the server's own databases too, nobody but a superuser makes anything: in PostgreSQL 14 anyone may in their schema public, and in
-- any version temporary tables in postgres. What is made in template1 would be in every new database.
SELECT format('REVOKE %s FROM %s CASCADE', privilege, grantee)
FROM unnest(ARRAY['public', 'bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user', 'bill_maintenance_user']) AS grantee
CROSS JOIN LATERAL (
    SELECT 'CREATE ON SCHEMA public'
    WHERE to_regnamespace('public') IS NOT NULL AND has_schema_privilege(grantee, to_regnamespace('public')::oid, 'CREATE')
    UNION ALL
    SELECT format('%s ON DATABASE %I', right_to, current_database())
    FROM unnest(ARRAY['CREATE', 'TEMPORARY']) AS right_to
    WHERE has_database_privilege(grantee, current_database(), right_to)
) AS excess (privilege)
\gexec
