-- Every table with rows of its own, a line each: owner, name and columns, in base64, which no name can break. What is computed from other
-- columns is computed again.
SELECT (
    SELECT string_agg(translate(encode(convert_to(word, 'UTF8'), 'base64'), E'\n', ''), ' ' ORDER BY number)
    FROM unnest(ARRAY[rolname::text, pg_class.oid::regclass::text, columns]) WITH ORDINALITY AS part (word, number)
)
FROM pg_class
INNER JOIN pg_roles ON pg_roles.oid = relowner
CROSS JOIN LATERAL (
    SELECT coalesce(' (' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')', ' ')
    FROM pg_attribute
    WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
) AS list (columns)
WHERE
    relkind = 'r' AND relpersistence <> 't'
    AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
ORDER BY pg_class.oid::regclass::text;
