-- Lets the restorer act for this role in the target database, and for no other.
BEGIN;
SELECT format('REVOKE %I FROM %I', granted.rolname, :'restorer')
FROM pg_auth_members INNER JOIN pg_roles AS granted ON granted.oid = roleid
WHERE member = to_regrole(quote_ident(:'restorer'))
\gexec
GRANT :"owner" TO :"restorer";
GRANT CONNECT ON DATABASE :"target" TO :"restorer";
COMMIT;
