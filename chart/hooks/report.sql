-- What the database holds now, for the log.
SELECT format('migrations %s, newest V%s', count(*), lpad(max(version)::text, 4, '0')) FROM audit.schema_migration;
SELECT format('table      %s.%s', schemaname, tablename)
FROM pg_tables
WHERE schemaname IN ('public', 'cache', 'audit')
ORDER BY schemaname, tablename;
SELECT format('rows       system_config %s', count(*)) FROM system_config;
