-- Indexes of the owner's tables (and of their TOAST tables) that a build which was ended left behind: not valid, and nobody is building
-- on that table. An index of a partitioned table is not valid until all its partitions have theirs, and no leftover.
CREATE OR REPLACE TEMPORARY VIEW invalid_index AS
WITH heap AS (
    SELECT pg_class.oid, coalesce(main.oid, pg_class.oid) AS main
    FROM pg_class LEFT JOIN pg_class AS main ON main.reltoastrelid = pg_class.oid
)

SELECT indexrelid::regclass AS index_name, main.oid::regclass AS table_name
FROM pg_index
INNER JOIN pg_class AS index ON index.oid = indexrelid
INNER JOIN heap ON heap.oid = indrelid
INNER JOIN pg_class AS main ON main.oid = heap.main
INNER JOIN pg_namespace ON pg_namespace.oid = main.relnamespace
WHERE
    NOT indisvalid AND index.relkind = 'i' AND NOT index.relispartition
    AND nspname IN ('public', 'cache', 'audit') AND main.relowner = to_regrole('bill_inquiry_owner')
    AND NOT EXISTS (
        SELECT FROM pg_stat_progress_create_index AS build INNER JOIN heap AS built ON built.oid = build.relid
        WHERE build.datname = current_database() AND built.main = heap.main
    );
