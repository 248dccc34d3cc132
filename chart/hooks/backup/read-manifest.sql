-- The facts of a backup that its manifest has, in a line.
\set manifest `cat :work/manifest.json`
SELECT concat_ws(
    E'\t', manifest ->> 'server', manifest ->> 'server_num', manifest ->> 'size', manifest ->> 'schema_version',
    jsonb_array_length(manifest -> 'tables'), (SELECT coalesce(sum((item ->> 'rows')::bigint), 0) FROM jsonb_array_elements(manifest -> 'tables') AS item)
)
FROM (SELECT :'manifest'::jsonb) AS given (manifest)
WHERE (manifest ->> 'format')::int = 1;
