-- The database of the service and its owner; who may connect is in privileges.sql.
SELECT
    format('SELECT %L', 'database   ' || :'database' || ' created'),
    format('CREATE DATABASE %I OWNER bill_inquiry_owner ENCODING ''UTF8'' TEMPLATE template0', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec
SELECT format('DO %L', format(
    'BEGIN RAISE USING MESSAGE = %L, HINT = %L; END',
    format('database %s has the encoding %s, and the service needs UTF8', datname, pg_encoding_to_char(encoding)),
    'Dump it, rename it, and restore the dump into a new one (ENCODING UTF8, TEMPLATE template0); or set auth.database to another name.'
))
FROM pg_database
WHERE datname = :'database' AND pg_encoding_to_char(encoding) <> 'UTF8'
\gexec
ALTER DATABASE :"database" OWNER TO bill_inquiry_owner;
