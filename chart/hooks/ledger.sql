-- The ledger of applied migrations, and what this chart brings beside it.
SELECT to_regclass('audit.schema_migration') IS NULL AS first_run \gset
\if :first_run
BEGIN;
SET LOCAL ROLE bill_inquiry_owner;
CREATE TABLE audit.schema_migration (
    version INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    duration_ms BIGINT NOT NULL,
    release TEXT NOT NULL,
    chart_version TEXT NOT NULL
);
COMMENT ON TABLE audit.schema_migration IS 'Ledger of the migrations that were applied to this database (스키마 변경 이력)';
COMMENT ON COLUMN audit.schema_migration.version IS 'Number of the migration; from 9001 on the user''s own';
COMMENT ON COLUMN audit.schema_migration.description IS 'What it does, from the name of its file';
COMMENT ON COLUMN audit.schema_migration.sha256 IS 'SHA-256 of its file';
COMMENT ON COLUMN audit.schema_migration.applied_at IS 'When it began';
COMMENT ON COLUMN audit.schema_migration.duration_ms IS 'Milliseconds that it took';
COMMENT ON COLUMN audit.schema_migration.release IS 'The release whose Job applied it';
COMMENT ON COLUMN audit.schema_migration.chart_version IS 'Version of the chart that brought it';
COMMIT;
\endif

CREATE TEMPORARY TABLE chart_migration (
    version INTEGER NOT NULL,
    description TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    file TEXT NOT NULL
);
