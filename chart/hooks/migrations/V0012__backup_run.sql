-- billdb: superuser
-- What each backup, check, restore, drill, snapshot and move came to: the Jobs write it as bill_backup_user, what watches them reads it.
-- It is a superuser's like the ledger, so that the owner can have no code run by those who write. A run that was killed leaves no row.
CREATE TABLE audit.backup_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    succeeded BOOLEAN NOT NULL,
    backup TEXT,
    bytes BIGINT,
    added_bytes BIGINT,
    message TEXT,
    release TEXT NOT NULL,
    chart_version TEXT NOT NULL,
    CONSTRAINT pk_backup_run PRIMARY KEY (id),
    CONSTRAINT ck_backup_run_kind CHECK (kind IN ('backup', 'check', 'restore', 'drill', 'snapshot', 'snapshot-drill', 'move'))
);
COMMENT ON TABLE audit.backup_run IS 'Runs of backups and restores, good and bad (백업 이력); a few rows a day, so nothing deletes them';
COMMENT ON COLUMN audit.backup_run.id IS 'Generated key';
COMMENT ON COLUMN audit.backup_run.kind IS 'What ran: backup, check, restore, drill, snapshot, snapshot-drill or move';
COMMENT ON COLUMN audit.backup_run.started_at IS 'When it began';
COMMENT ON COLUMN audit.backup_run.finished_at IS 'When it ended';
COMMENT ON COLUMN audit.backup_run.succeeded IS 'Whether it did what it is for';
COMMENT ON COLUMN audit.backup_run.backup IS 'Id of the backup in the repository, or name of the VolumeSnapshot';
COMMENT ON COLUMN audit.backup_run.bytes IS 'Bytes that it read';
COMMENT ON COLUMN audit.backup_run.added_bytes IS 'Bytes that it stored';
COMMENT ON COLUMN audit.backup_run.message IS 'What failed and why, or what was done';
COMMENT ON COLUMN audit.backup_run.release IS 'The release whose Job it was';
COMMENT ON COLUMN audit.backup_run.chart_version IS 'Version of the chart of that Job';
