-- What the database holds now, for the log. No table of the owner's is read: this is a superuser's session.
SELECT format('migrations %s, newest V%s', count(*), lpad(max(version)::text, 4, '0')) FROM audit.schema_migration;
SELECT format('table      %s.%s', schemaname, tablename)
FROM pg_tables
WHERE schemaname IN ('public', 'cache', 'audit')
ORDER BY schemaname, tablename;
