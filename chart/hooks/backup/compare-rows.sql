-- The tables whose rows are not as many as the manifest says.
\set manifest `cat :work/manifest.json`
\set counted `paste --serial --delimiters=, :work/counted`
SELECT string_agg(
    format('%s.%s has %s rows, not %s', "schema", name, coalesce(counted.rows::text, 'no'), coalesce(expected.rows::text, 'any')), '; '
    ORDER BY "schema", name
)
FROM jsonb_to_recordset(:'manifest'::jsonb -> 'tables') AS expected ("schema" TEXT, name TEXT, rows BIGINT)
FULL JOIN jsonb_to_recordset(('[' || :'counted' || ']')::jsonb) AS counted ("schema" TEXT, name TEXT, rows BIGINT) USING ("schema", name)
WHERE counted.rows IS DISTINCT FROM expected.rows;
