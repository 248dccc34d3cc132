-- The database of the service, when a volume that somebody else filled does not have it.
SELECT pg_advisory_lock(hashtext('billdb schema')) IS NOT NULL AS locked \gset
SELECT format('CREATE DATABASE %I ENCODING ''UTF8'' TEMPLATE template0', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec
