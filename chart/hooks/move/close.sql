-- The old server has done its work: nobody enters the database again, and whoever waited to write in it is sent away before the locks of
-- the session :holder go. reopen.sql takes it back.
SELECT format('ALTER DATABASE %I SET billdb.moved_to = %L', :'database', :'claim') \gexec
ALTER DATABASE :"database" ALLOW_CONNECTIONS FALSE;
SELECT count(pg_terminate_backend(pid, 20000)) AS told
FROM pg_stat_activity
WHERE datname = :'database' AND pid <> :holder AND backend_type = 'client backend'
\gset
-- What that says of a session is no answer: false is also one that ended by itself meanwhile.
SELECT count(*) > 0 AS remain
FROM pg_stat_activity
WHERE datname = :'database' AND pid <> :holder AND backend_type = 'client backend'
\gset
\if :remain
\warn ERROR: sessions of the old database do not end; look at pg_stat_activity there
SELECT 1 / 0 AS stop;
\endif
