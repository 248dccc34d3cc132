-- Removes them. This waits for every older transaction, long as that may be, and blocks nobody while it waits.
\i invalid-indexes.sql
SET lock_timeout = 0;
SELECT
    format('SELECT %L', format('removed    the unfinished index %s of %s, left by an interrupted run', index_name, table_name)),
    format('DROP INDEX CONCURRENTLY %s', index_name)
FROM invalid_index
\gexec
RESET lock_timeout;
