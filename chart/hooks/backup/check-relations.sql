-- Every B-tree index and table that is this session's own, each row looked for in each index. Of a superuser's, not PostgreSQL's own catalog.
SELECT
    format('SELECT %L', oid::regclass),
    CASE relkind
        WHEN 'i' THEN format('DO %L', format('BEGIN PERFORM amcheck.bt_index_parent_check(%s, TRUE); END', oid))
        ELSE format('DO %L', format(
            'DECLARE found TEXT; BEGIN found := (SELECT string_agg(msg, %L) FROM amcheck.verify_heapam(%s)); IF found IS NOT NULL THEN RAISE %L, found; END IF; END',
            '; ', oid, oid::regclass || ': %'
        ))
    END
FROM (
    SELECT pg_class.oid, relkind
    FROM pg_class
    INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
    INNER JOIN pg_roles ON pg_roles.oid = relowner
    INNER JOIN pg_roles AS own ON own.rolname = current_user
    LEFT JOIN pg_am ON pg_am.oid = relam
    WHERE
        (relowner = own.oid OR pg_roles.rolsuper AND own.rolsuper) AND relpersistence = 'p'
        AND (relkind IN ('r', 'm') OR relkind = 'i' AND amname = 'btree') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
) AS relation
\gexec
