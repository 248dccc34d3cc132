-- The backup that is asked for, with its file and its moment; or else those that there are.
SET TimeZone = :'zone';
\set backups `cat :work/backups.json`
\set asked :from
\set until infinity
SELECT :'from' ~ '^[0-9]{4}-' AS dated, :'from' = 'latest' AS latest \gset
\if :dated
-- A day lasts to its end.
SELECT :'from'::timestamptz + CASE length(:'from') WHEN 10 THEN interval '1 day - 1 microsecond' ELSE interval '0' END AS until \gset
\endif
WITH backup AS (
    SELECT id, short_id, paths ->> 0 AS file, time
    FROM jsonb_to_recordset(coalesce(nullif(:'backups', ''), '[]')::jsonb) AS found (id TEXT, short_id TEXT, paths JSONB, time TIMESTAMPTZ)
)

SELECT coalesce(
    (
        SELECT concat_ws(E'\t', 'found', short_id, file, time::timestamp(0))
        FROM backup
        WHERE time <= :'until' AND (:'dated' OR :'latest' OR starts_with(id, :'asked'))
        ORDER BY time DESC
        LIMIT 1
    ),
    (SELECT string_agg(format(E'\n- %s of %s', short_id, time::timestamp(0)), '' ORDER BY time) FROM backup)
);
