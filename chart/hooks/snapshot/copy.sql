-- Looks at everything in a database: each table's rows and each index against its table. It ends with an error that names the first
-- damage, or with a line that says how much there was.
SELECT coalesce((SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'amcheck'), 'none') AS amcheck \gset
SELECT :'amcheck' = 'none' AS missing \gset
\if :missing
CREATE EXTENSION amcheck SCHEMA pg_catalog;
\set amcheck pg_catalog
\endif
SET billdb.amcheck TO :'amcheck';

DO $$
DECLARE
    amcheck text := current_setting('billdb.amcheck');
    one record;
    found record;
    tables bigint := 0;
    indexes bigint := 0;
BEGIN
    -- A session's own tables are gone with it; unlogged ones are empty after a crash.
    FOR one IN SELECT oid, oid::regclass::text AS name
        FROM pg_class WHERE relkind IN ('r', 'm') AND relpersistence <> 't' ORDER BY oid
    LOOP
        BEGIN
            EXECUTE format('SELECT * FROM %s.verify_heapam($1, on_error_stop => true) LIMIT 1', amcheck) INTO found USING one.oid::regclass;
        EXCEPTION WHEN OTHERS THEN
            RAISE 'table %: %', one.name, SQLERRM;
        END;
        IF found.msg IS NOT NULL THEN
            RAISE 'table %, block %: %', one.name, found.blkno, found.msg;
        END IF;
        tables := tables + 1;
    END LOOP;
    FOR one IN SELECT c.oid, c.oid::regclass::text AS name FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid JOIN pg_am AS a ON a.oid = c.relam
        WHERE c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid AND i.indisready AND c.relpersistence <> 't' ORDER BY c.oid
    LOOP
        BEGIN
            EXECUTE format('SELECT %s.bt_index_check($1, true)', amcheck) USING one.oid::regclass;
        EXCEPTION WHEN OTHERS THEN
            RAISE 'index %: %', one.name, SQLERRM;
        END;
        indexes := indexes + 1;
    END LOOP;
    PERFORM set_config('billdb.answer', format('%s tables and %s indexes are sound', tables, indexes), false);
END;
$$;

-- The rows are counted as COPY gives them: to plan a query would run what the expressions of indexes call.
\out |wc --lines > /tmp/rows
SELECT format('COPY %I.%I TO STDOUT', nspname, relname)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname NOT IN ('pg_catalog', 'information_schema')
\gexec
\out
\set rows `cat /tmp/rows`
SELECT format('%s, %s rows of the service''s can be read', current_setting('billdb.answer'), :'rows');
