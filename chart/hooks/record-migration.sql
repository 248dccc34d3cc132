-- Writes the migration :file, begun at :begun, to the ledger; where it writes no line, \gset stops the run.
INSERT INTO audit.schema_migration (version, description, sha256, applied_at, duration_ms, release, chart_version)
SELECT
    version, description, sha256, :'begun',
    (extract(EPOCH FROM clock_timestamp() - :'begun'::timestamptz) * 1000)::bigint, :'release', :'chart_version'
FROM chart_migration
WHERE file = :'file'
RETURNING duration_ms
\gset
\echo applied '   ':file in :duration_ms ms
