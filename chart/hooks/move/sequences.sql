-- The state of every sequence, as the statement that brings it about. (A sequence has neither triggers nor indexes: to read it runs nothing.)
SELECT format(
    'SELECT format(%L, last_value, is_called) FROM %s',
    format('SELECT pg_catalog.setval(%L, %%s, %%L);', replace(pg_class.oid::regclass::text, '%', '%%')), pg_class.oid::regclass
)
FROM pg_class
WHERE
    relkind = 'S' AND relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
ORDER BY pg_class.oid::regclass::text
\gexec
