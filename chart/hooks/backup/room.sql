-- Whether the server's volume has room for the backup: what the database was large, and its WAL, which is as much but has its bound. Only
-- the server's own host knows what is free: SQL has no function for it.
CREATE TEMPORARY TABLE free (line TEXT);
COPY free FROM PROGRAM 'df --block-size=1 --output=avail .';
SELECT format('needs %s MiB, and the volume has %s MiB free', need / 1048576 + 1, free / 1048576)
FROM (SELECT :bytes + least(:bytes, pg_size_bytes(current_setting('max_wal_size'))) AS need) AS asked
CROSS JOIN (SELECT line::bigint AS free FROM free WHERE line ~ '^ *[0-9]+ *$') AS given
WHERE need > free;
