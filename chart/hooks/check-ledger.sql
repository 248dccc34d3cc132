-- Stops before anything is done when a migration that was applied is not the file of that version any more.
DO $$
DECLARE
    changed TEXT;
BEGIN
    SELECT string_agg(format('%s (applied %s by chart %s)', file, applied_at::timestamp(0), chart_version), ', ' ORDER BY version)
    INTO changed
    FROM chart_migration JOIN audit.schema_migration AS ledger USING (version)
    WHERE chart_migration.sha256 <> ledger.sha256;

    IF changed IS NOT NULL THEN
        RAISE EXCEPTION 'changed after it was applied: %', changed
            USING HINT = 'Give the file the content it had, and put the change into a new migration.';
    END IF;
END
$$;
