-- Whether the database was closed by a move to this volume, so that nothing can have been written since.
SELECT EXISTS (
    SELECT FROM pg_database INNER JOIN pg_db_role_setting ON setdatabase = pg_database.oid AND setrole = 0
    WHERE datname = :'database' AND NOT datallowconn AND 'billdb.moved_to=' || :'claim' = ANY(setconfig)
);
