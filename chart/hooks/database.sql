-- The database of the service and its owner; who may connect is in privileges.sql.
SELECT
    format('SELECT %L', 'database   ' || :'database' || ' created'),
    format('CREATE DATABASE %I OWNER bill_inquiry_owner ENCODING ''UTF8'' TEMPLATE template0', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec
ALTER DATABASE :"database" OWNER TO bill_inquiry_owner;
