-- Applies the migration :file as its owner, unless the ledger has it.
SELECT NOT EXISTS (SELECT FROM audit.schema_migration WHERE version = chart_migration.version) AS pending
FROM chart_migration
WHERE file = :'file'
\gset
\if :pending
BEGIN;
SELECT set_config('role', CASE WHEN :superuser THEN rolname ELSE 'bill_inquiry_owner' END, TRUE) AS role
FROM pg_roles
WHERE oid = 10 -- the superuser that initdb made, whoever has logged in
\gset
\i :file
RESET ROLE;
INSERT INTO audit.schema_migration (version, description, sha256, applied_at, duration_ms, release, chart_version)
SELECT
    version, description, sha256, now(),
    (extract(EPOCH FROM clock_timestamp() - now()) * 1000)::bigint, :'release', :'chart_version'
FROM chart_migration
WHERE file = :'file'
RETURNING format('applied    %s in %s ms', :'file', duration_ms);
COMMIT;
\else
\echo unchanged '' :file
\endif
