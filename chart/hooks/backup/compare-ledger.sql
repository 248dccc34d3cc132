-- The ledger as the manifest has it. Looked at while nothing of another role is there.
\set manifest `cat :work/manifest.json`
SELECT count(*) > 0 AS different
FROM (SELECT version, sha256 FROM audit.schema_migration) AS restored
FULL JOIN jsonb_to_recordset(:'manifest'::jsonb -> 'ledger') AS expected (version INT, sha256 TEXT) USING (version, sha256)
WHERE restored IS NULL OR expected IS NULL
\gset
\if :different
SELECT 1 / 0 AS the_ledger_differs;
\endif
