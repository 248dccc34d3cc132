-- How far the primary has written, for a replica to have it too; nothing where a replica never has everything.
SELECT pg_current_wal_lsn()
WHERE NOT EXISTS (
    SELECT FROM pg_class WHERE relpersistence = 'u'
);
