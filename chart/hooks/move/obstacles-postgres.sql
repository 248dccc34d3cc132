-- The same of the database postgres, which has nothing of its own.
SELECT format('%s of the database postgres would stay behind: drop it there', pg_describe_object('pg_class'::regclass, oid, 0))
FROM pg_class
WHERE
    relkind IN ('r', 'p', 'v', 'm', 'f') AND relpersistence <> 't'
    AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e');
