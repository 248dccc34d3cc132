-- The database of the service, its owner, and who may connect.
SELECT
    format('SELECT %L', 'database   ' || :'database' || ' created'),
    format('CREATE DATABASE %I OWNER bill_inquiry_owner ENCODING ''UTF8'' TEMPLATE template0', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec
ALTER DATABASE :"database" OWNER TO bill_inquiry_owner;

BEGIN;
REVOKE ALL ON DATABASE :"database"
FROM public, bill_inquiry_user, bill_readonly_user, bill_backup_user, bill_monitoring_user CASCADE;
GRANT CONNECT ON DATABASE :"database" TO bill_inquiry_user, bill_readonly_user, bill_backup_user, bill_monitoring_user;
COMMIT;
