-- From here until this session ends nobody writes, and whoever reads goes on. However it ends, the server then is as it was before.
-- What others have open would keep the locks: their sessions are ended, and come again.
BEGIN;
SET LOCAL lock_timeout = '20s';
SELECT format('ended      %s sessions of %s', count(pg_terminate_backend(pid)), current_database())
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
-- The first is what DDL writes to.
LOCK TABLE pg_catalog.pg_class IN SHARE MODE;
SELECT format('LOCK TABLE ONLY %s IN SHARE MODE', pg_class.oid::regclass)
FROM pg_class
WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
ORDER BY pg_class.oid
\gexec
