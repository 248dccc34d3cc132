-- After a migration outside a transaction: it must have left no transaction open and no unfinished index.
\i invalid-indexes.sql
DO $$
DECLARE
    problems TEXT;
BEGIN
    SELECT string_agg(format('%s of %s', index_name, table_name), ', ' ORDER BY index_name::text) INTO problems FROM invalid_index;
    IF now() < statement_timestamp() THEN
        RAISE EXCEPTION '% left a transaction open, which is undone now: end it in the file, or take BEGIN out', current_setting('billdb.file');
    ELSIF problems IS NOT NULL THEN
        RAISE EXCEPTION '% is not recorded, for an index is not valid: %', current_setting('billdb.file'), problems
            USING HINT = 'If somebody else builds it now, wait for that. The next run removes it and repeats the file.';
    END IF;
END
$$;
