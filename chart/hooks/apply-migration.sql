-- Applies the migration :file unless the ledger has it: as the owner, or as superuser where :superuser, in one transaction with its
-- line of the ledger, or statement by statement where :alone.
SELECT NOT EXISTS (SELECT FROM audit.schema_migration WHERE version = chart_migration.version) AS pending
FROM chart_migration
WHERE file = :'file'
\gset
\if :pending
SELECT
    clock_timestamp() AS begun,
    -- 10 is the superuser that initdb made, whoever has logged in.
    CASE WHEN :superuser THEN 10::OID::REGROLE ELSE 'bill_inquiry_owner'::REGROLE END AS role
\gset
\if :alone
\i apply-alone.sql
\else
BEGIN;
SET LOCAL ROLE :role;
SELECT pg_current_xact_id() AS transaction \gset
\i :file
\i settings.sql
SELECT pg_current_xact_id() <> :'transaction' AS ended_early \gset
\if :ended_early
\warn ERROR: :file has a COMMIT or ROLLBACK of its own. What came before it stays, and the ledger does not know: undo that by hand, and take it out of the file.
SELECT 1 / 0 AS stop;
\endif
\i record-migration.sql
COMMIT;
\endif
\endif
