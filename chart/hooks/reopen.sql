-- A database that a move closed is let in again once its server is to go on after all: after a rollback, or when the move was given up.
SELECT
    format('ALTER DATABASE %I ALLOW_CONNECTIONS true', datname),
    format('ALTER DATABASE %I RESET billdb.moved_to', datname),
    format('SELECT %L', format('database   %s is open again, which a move had closed', datname))
FROM pg_database INNER JOIN pg_db_role_setting ON setdatabase = pg_database.oid AND setrole = 0
WHERE NOT datallowconn AND EXISTS (SELECT FROM unnest(setconfig) AS setting WHERE setting LIKE 'billdb.moved\_to=%')
\gexec
