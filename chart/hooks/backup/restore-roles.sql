-- Roles of the administrator's that the backup knows and the server lacks: without a password and not allowed to log in, for whom to let
-- in is the administrator's to say; in the roles that they were in, but for those that are as good as a superuser.
\set manifest `cat :work/manifest.json`
CREATE TEMPORARY TABLE lacking AS
SELECT name, member_of
FROM jsonb_to_recordset(coalesce(nullif(:'manifest'::jsonb -> 'roles', 'null'), '[]')) AS known (name TEXT, member_of TEXT [])
WHERE to_regrole(quote_ident(name)) IS NULL AND name <> :'restorer';
SELECT
    format('SELECT %L', format('role       %s made, without password and LOGIN; if it is to log in: ALTER ROLE %I LOGIN', name, name)),
    format('CREATE ROLE %I NOLOGIN', name)
FROM lacking
ORDER BY name
\gexec
SELECT format('GRANT %I TO %I', granted, name)
FROM lacking CROSS JOIN unnest(member_of) AS granted INNER JOIN pg_roles ON rolname = granted
WHERE NOT rolsuper AND NOT rolcreaterole AND granted NOT IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
\gexec

-- Who restores what is of other roles, while this run lasts.
\i drop-restorer.sql
\i silence.sql
\set secret `cat :work/secret`
\set until `date --utc --date="$DEADLINE_SECONDS seconds" +%FT%TZ`
SELECT format('CREATE ROLE %I', :'restorer') WHERE to_regrole(:'restorer') IS NULL
\gexec
ALTER ROLE :"restorer" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS PASSWORD :'secret' VALID UNTIL :'until';
\unset secret
