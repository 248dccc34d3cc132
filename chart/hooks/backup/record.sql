-- Leaves the result of a run in audit.backup_run. An empty variable is a NULL. Names are PostgreSQL's own from the first statement on, so
-- that an operator of the owner's is not run by the role that may read everything.
SET search_path = pg_catalog, pg_temp;
-- A table of the owner's could have triggers, which would run as whoever records: the schema Job takes it back, or stops.
SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('audit.backup_run') AND relowner = 10) AS superusers \gset
\if :superusers
\else
\warn ERROR: audit.backup_run is not there, or is not of the superuser: helm upgrade runs the schema Job, which mends that
SELECT 1 / 0 AS stop;
\endif
INSERT INTO audit.backup_run (kind, started_at, succeeded, backup, bytes, added_bytes, message, release, chart_version)
VALUES (
    :'kind', :'started_at', :'succeeded', nullif(:'backup', ''), nullif(:'bytes', '')::BIGINT, nullif(:'added_bytes', '')::BIGINT,
    nullif(:'message', ''), :'release', :'chart_version'
);
