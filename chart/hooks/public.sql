-- In the server's own databases too, nobody but a superuser makes anything: in PostgreSQL 14 anyone may in their schema public, and in
-- any version temporary tables in postgres. What is made in template1 would be in every new database.
SELECT format('REVOKE CREATE ON SCHEMA public FROM %s', grantee)
FROM unnest(ARRAY['public', 'bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user']) AS grantee
WHERE to_regnamespace('public') IS NOT NULL AND has_schema_privilege(grantee, 'public', 'CREATE')
\gexec
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM public', current_database())
WHERE has_database_privilege('public', current_database(), 'TEMPORARY')
\gexec
