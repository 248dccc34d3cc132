-- Removes the role that restores, which a run that was killed may have left. Where somebody granted it something, it stays and cannot log in.
SELECT format('REVOKE ALL ON DATABASE %I FROM %I', datname, rolname)
FROM pg_database CROSS JOIN LATERAL aclexplode(datacl) AS acl INNER JOIN pg_roles ON pg_roles.oid = grantee
WHERE rolname = :'restorer'
\gexec
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity WHERE usename = :'restorer' \gset
SELECT format('DO %L', format(
    'BEGIN DROP ROLE %I; EXCEPTION WHEN dependent_objects_still_exist THEN ALTER ROLE %I NOLOGIN PASSWORD NULL; END', rolname, rolname
))
FROM pg_roles
WHERE rolname = :'restorer'
\gexec
