-- The roles, the same after every run, whatever was made of them in between. Other connection limits, ends of validity and settings
-- that are not named here are the administrator's.
SELECT
    format('SELECT %L', 'role       ' || name || ' created'),
    format('CREATE ROLE %I', name)
FROM unnest(ARRAY[
    'bill_inquiry_owner', 'bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user', 'bill_maintenance_user'
]) AS name
WHERE to_regrole(name) IS NULL
\gexec

BEGIN;
-- Owns the database and what is in it; migrations log in as it, with a password that nobody else has.
ALTER ROLE bill_inquiry_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS;
-- The service: reads and writes rows, no DDL.
ALTER ROLE bill_inquiry_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS;
-- People and reports.
ALTER ROLE bill_readonly_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS;
-- pg_dump and pg_basebackup.
ALTER ROLE bill_backup_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT REPLICATION NOBYPASSRLS;
-- Exporters: statistics, and of the rows of inquiries what can be counted by. An exporter keeps one connection and opens one more a scrape; the
-- service's are not used up by however many ask it at once.
ALTER ROLE bill_monitoring_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5;
-- Deletes what is too old.
ALTER ROLE bill_maintenance_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS;

-- A transaction that a client forgot holds locks and keeps vacuum from cleaning.
ALTER ROLE bill_inquiry_user SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE bill_readonly_user SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE bill_readonly_user SET default_transaction_read_only = 'on';
ALTER ROLE bill_readonly_user SET statement_timeout = '10min';
ALTER ROLE bill_monitoring_user SET default_transaction_read_only = 'on';
ALTER ROLE bill_monitoring_user SET statement_timeout = '1min';
-- A scrape does not queue behind a migration, and has none of the owner's row policies, which are code, run.
ALTER ROLE bill_monitoring_user SET lock_timeout = '1s';
ALTER ROLE bill_monitoring_user SET row_security = 'off';
ALTER ROLE bill_maintenance_user SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE bill_maintenance_user SET statement_timeout = 0;
-- Temporary files of one session: the service's pool of 20 fills at most half of the default volume, a report a tenth of it.
ALTER ROLE bill_inquiry_user SET temp_file_limit = '512MB';
ALTER ROLE bill_readonly_user SET temp_file_limit = '2GB';
ALTER ROLE bill_backup_user SET temp_file_limit = '2GB';
ALTER ROLE bill_monitoring_user SET temp_file_limit = '128MB';
ALTER ROLE bill_maintenance_user SET temp_file_limit = '512MB';
-- The schema Job compares messages.
ALTER ROLE bill_inquiry_owner SET lc_messages = 'C';

-- Memberships in the server's own roles, in the owner and in superusers; those in roles of the administrator's stay. Nobody may pass
-- them on.
SELECT
    format('SELECT %L', format(CASE WHEN stays THEN 'role       %s may not give %s on any more' ELSE 'role       %s is not in %s any more' END, member, granted)),
    format('REVOKE %s %I FROM %I %s CASCADE', CASE WHEN stays THEN 'ADMIN OPTION FOR' END, granted, member, 'GRANTED BY ' || quote_ident(grantor))
FROM (
    SELECT
        m.rolname AS member, g.rolname AS granted, b.rolname AS grantor, g.rolsuper, admin_option,
        (m.rolname, g.rolname) IN (('bill_backup_user', 'pg_read_all_data'), ('bill_monitoring_user', 'pg_monitor')) AS stays
    FROM pg_auth_members
    INNER JOIN pg_roles AS m ON m.oid = pg_auth_members.member
    INNER JOIN pg_roles AS g ON g.oid = pg_auth_members.roleid
    LEFT JOIN pg_roles AS b ON b.oid = pg_auth_members.grantor -- until PostgreSQL 15 it may be gone
) AS membership
WHERE
    member IN (
        'bill_inquiry_owner', 'bill_inquiry_user', 'bill_readonly_user', 'bill_backup_user', 'bill_monitoring_user',
        'bill_maintenance_user'
    )
    AND (granted LIKE 'pg\_%' OR granted = 'bill_inquiry_owner' OR rolsuper)
    AND (admin_option OR NOT stays)
\gexec
GRANT pg_read_all_data TO bill_backup_user;
GRANT pg_monitor TO bill_monitoring_user;
-- By it CloudNativePG's servers come back to a primary whose other connections are all taken.
SELECT 'GRANT pg_use_reserved_connections TO streaming_replica'
WHERE to_regrole('pg_use_reserved_connections') IS NOT NULL AND to_regrole('streaming_replica') IS NOT NULL
\gexec
COMMIT;
