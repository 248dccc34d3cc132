-- What stands in the way of a move, a line each; nothing is changed. No table of the owner's is read: this is a superuser's session.
SELECT format('the prepared transaction %L of %s is open: COMMIT or ROLLBACK PREPARED it', gid, owner) FROM pg_prepared_xacts
UNION ALL
SELECT format('the database %I would stay behind: move it to a server of its own, and drop it here', datname)
FROM pg_database
WHERE NOT datistemplate AND datname NOT IN ('postgres', current_database())
UNION ALL
SELECT format('the tablespace %I lies outside the volume: move what is in it to pg_default, and drop it', spcname)
FROM pg_tablespace
WHERE spcname NOT IN ('pg_default', 'pg_global')
UNION ALL
SELECT format('the name of the role %I has a blank: rename it', rolname) FROM pg_roles WHERE rolname ~ '\s'
UNION ALL
SELECT format('the subscription %I would go on here and there: drop it', subname) FROM pg_stat_subscription
UNION ALL
-- Rows are written by their table's owner, for checks and types of the table run code: a superuser writes the audit's tables alone.
SELECT format('the table %s is the superuser''s: ALTER TABLE … OWNER TO bill_inquiry_owner', pg_class.oid::regclass)
FROM pg_class INNER JOIN pg_roles ON pg_roles.oid = relowner
WHERE
    relkind IN ('r', 'p', 'm', 'f') AND rolsuper AND relpersistence <> 't'
    AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
    AND pg_class.oid::regclass::text NOT IN ('audit.schema_migration', 'audit.ddl_history', 'audit.backup_run')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
UNION ALL
SELECT format('the extension %I keeps rows in tables of its own, which would not come along: drop it, and make it again after the move', extname)
FROM pg_extension
WHERE extconfig IS NOT NULL;
