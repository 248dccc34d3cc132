-- billdb: no-transaction
-- squawk-ignore-file prefer-robust-stmts
-- (Every statement here can be repeated.)
-- What the server itself writes into a row is the local time of Seoul, whatever time zone the client has told it: a JVM tells its own.
-- A statement, and so a table, at a time: none is locked while another is waited for.

ALTER TABLE customer_info
ALTER COLUMN cached_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN created_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN updated_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul');

ALTER TABLE bill_inquiry_history
ALTER COLUMN request_time SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN created_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN updated_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul');

ALTER TABLE kos_inquiry_history
ALTER COLUMN request_time SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN created_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN updated_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul');

ALTER TABLE bill_info_cache
ALTER COLUMN cached_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN last_accessed_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul');

ALTER TABLE system_config
ALTER COLUMN created_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul'),
ALTER COLUMN updated_at SET DEFAULT (now() AT TIME ZONE 'Asia/Seoul');

CREATE OR REPLACE FUNCTION set_updated_at() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now() AT TIME ZONE 'Asia/Seoul';
    RETURN NEW;
END
$$;
