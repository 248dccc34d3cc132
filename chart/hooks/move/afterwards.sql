-- What owners of something lack to restore it themselves, as the statements that take it from them again.
SELECT format('ALTER ROLE %I NOLOGIN;', rolname) FROM pg_roles WHERE NOT rolcanlogin AND rolname !~ '^pg_'
UNION ALL
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC;', datname)
FROM pg_database
WHERE
    datname = current_database()
    AND NOT EXISTS (
        SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl WHERE acl.grantee = 0 AND acl.privilege_type = 'CONNECT'
    );
