-- How the tables lie on disk. What each line gains, and what was tried instead, is in docs/schema.md with its figures.

-- Documents over 2 kB are compressed: with lz4 where the server was built with it, else with the server's default.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE bill_inquiry_history ALTER COLUMN bill_info_json SET COMPRESSION lz4;
        ALTER TABLE kos_inquiry_history ALTER COLUMN kos_data_json SET COMPRESSION lz4;
        ALTER TABLE bill_info_cache ALTER COLUMN bill_info_json SET COMPRESSION lz4;
    END IF;
END
$$;

-- Counts are answered from an index alone only where the visibility map is fresh: vacuum after 2 % of the rows are new, not 20 %.
ALTER TABLE bill_inquiry_history SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);
ALTER TABLE kos_inquiry_history SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02
);

-- Reading an entry counts the access: room in the page keeps that update out of the index.
ALTER TABLE bill_info_cache SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE customer_info SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
