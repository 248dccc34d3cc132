-- After a migration in a transaction: it must still be the one that was begun for it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM migration_begun WHERE transaction = pg_current_xact_id()) THEN
        RAISE EXCEPTION '% has a COMMIT or ROLLBACK of its own: what came before a COMMIT stays, and the ledger does not know',
            current_setting('billdb.file')
            USING HINT = 'Undo by hand what it left, and take that out of the file.';
    END IF;
END
$$;
