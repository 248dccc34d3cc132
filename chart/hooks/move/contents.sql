-- What there is beside rows, a line each: the same before and after. The first two words say which it is, and no password is in them.
WITH own (classid, objid) AS (
    SELECT 'pg_class'::regclass, oid FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I') AND relpersistence <> 't'
    UNION ALL
    SELECT 'pg_proc'::regclass, oid FROM pg_proc
    UNION ALL
    SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE contype <> 'n' -- since 18 NOT NULL is one
    UNION ALL
    SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typtype IN ('d', 'e', 'r')
    UNION ALL
    SELECT 'pg_policy'::regclass, oid FROM pg_policy
    UNION ALL
    SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
    UNION ALL
    SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)

SELECT format('%s %s of %s', replace(object.type, ' ', '-'), object.identity, coalesce(refobjid::regrole::text, '-'))
FROM own
CROSS JOIN LATERAL pg_identify_object(classid, objid, 0) AS object
LEFT JOIN pg_shdepend
    ON
        pg_shdepend.classid = own.classid AND pg_shdepend.objid = own.objid AND deptype = 'o'
        AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
WHERE
    object.schema IS DISTINCT FROM 'pg_catalog' AND object.schema IS DISTINCT FROM 'information_schema' AND object.schema IS DISTINCT FROM 'pg_toast'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE pg_depend.classid = own.classid AND pg_depend.objid = own.objid AND deptype = 'e')
UNION ALL
SELECT format('extension %s', extname) FROM pg_extension
UNION ALL
SELECT format('role %s %s', rolname, md5(concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil, rolpassword)))
FROM pg_authid
WHERE rolname !~ '^pg_'
UNION ALL
SELECT format('membership %s in %s, %s', member::regrole, roleid::regrole, admin_option) FROM pg_auth_members WHERE member >= 16384
UNION ALL
SELECT format('setting %s of %s in %s', setting, coalesce(nullif(setrole, 0)::regrole::text, 'all'), coalesce(datname, 'all'))
FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase CROSS JOIN LATERAL unnest(setconfig) AS setting
WHERE datname IS NULL OR datname = current_database()
UNION ALL
SELECT format('database %s %s %s %s of %s', datname, pg_encoding_to_char(encoding), datcollate, datctype, datdba::regrole)
FROM pg_database
WHERE datname = current_database()
UNION ALL
SELECT format('large-objects %s %s', count(*), md5(string_agg(loid || ' ' || pageno || ' ' || md5(data), ',' ORDER BY loid, pageno)))
FROM pg_largeobject;
