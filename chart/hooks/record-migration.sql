-- Writes the migration :file, begun at :begun, to the ledger.
INSERT INTO audit.schema_migration (version, description, sha256, applied_at, duration_ms, release, chart_version)
SELECT
    version, description, sha256, :'begun',
    (extract(EPOCH FROM clock_timestamp() - :'begun'::timestamptz) * 1000)::bigint, :'release', :'chart_version'
FROM chart_migration
WHERE file = :'file'
RETURNING format('applied    %s in %s ms', :'file', duration_ms);
