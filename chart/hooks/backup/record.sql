-- Leaves the result of a run in audit.backup_run. An empty variable is a NULL. Names are PostgreSQL's own from the first statement on, so
-- that an operator of the owner's is not run by the role that may read everything.
SET search_path = pg_catalog, pg_temp;
INSERT INTO audit.backup_run (kind, started_at, succeeded, backup, bytes, added_bytes, message, release, chart_version)
VALUES (
    :'kind', :'started_at', :'succeeded', nullif(:'backup', ''), nullif(:'bytes', '')::BIGINT, nullif(:'added_bytes', '')::BIGINT,
    nullif(:'message', ''), :'release', :'chart_version'
);
