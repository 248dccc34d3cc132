-- Applies the migration :file outside a transaction. A run that was killed in it is repeated: the file's statements say IF NOT EXISTS
-- or IF EXISTS, and an index of it that was left unfinished (not valid, and nobody is building it) is removed before.
\set text `cat :'file'`

-- CONCURRENTLY waits for every older transaction, long as that may be, and blocks nobody while it waits. Any other statement may, so
-- a file that has one keeps its lock_timeout.
SELECT set_config('lock_timeout', CASE WHEN blocks_nobody THEN '0' ELSE :'lock_timeout' END, FALSE) AS settings
FROM (
    SELECT bool_and(statement ~* '^\s*((CREATE|DROP|REINDEX)\M.*\mCONCURRENTLY\M|COMMENT ON INDEX\M|$)') AS blocks_nobody
    FROM regexp_split_to_table(regexp_replace(:'text', '--[^\n]*|''[^'']*''', '', 'g'), ';') AS statement
) AS file
\gset
SELECT
    format('SELECT %L', format('removed    the unfinished index %s of an interrupted run', indexrelid::regclass)),
    format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
FROM pg_index INNER JOIN pg_class ON pg_class.oid = indexrelid
WHERE
    NOT indisvalid
    AND relkind = 'i' -- an index of a partitioned table is not valid until all its partitions have theirs
    -- REINDEX CONCURRENTLY adds an ending to the name.
    AND regexp_replace(relname, '_cc(new|old)[0-9]*$', '') = ANY(regexp_split_to_array(:'text', '[^[:alnum:]_]+'))
    AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS build WHERE build.index_relid = indexrelid)
\gexec
SET ROLE :role;
\i :file
\i settings.sql
\i record-migration.sql
