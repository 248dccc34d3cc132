-- The ledger of applied migrations, and what this chart brings beside it.
SET client_min_messages = warning;
SELECT pg_advisory_lock(hashtext('billdb schema')) IS NOT NULL AS locked \gset
SET lock_timeout = :'lock_timeout';

BEGIN;
CREATE SCHEMA IF NOT EXISTS audit;
CREATE TABLE IF NOT EXISTS audit.schema_migration (
    version INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    duration_ms BIGINT NOT NULL,
    release TEXT NOT NULL,
    chart_version TEXT NOT NULL
);
COMMENT ON TABLE audit.schema_migration IS 'Ledger of the migrations that were applied to this database (스키마 변경 이력)';
COMMIT;

CREATE TEMPORARY TABLE chart_migration (
    version INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    file TEXT NOT NULL
);
