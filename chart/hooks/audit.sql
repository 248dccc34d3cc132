-- What the superuser's session, its event triggers and the backups' Jobs write to is the superuser's, in a schema of the superuser's: whoever
-- owns a table can have code run by everybody who writes to it. Tables that were the owner's (before 0.3.0, or by a rollback) keep their rows.
BEGIN;
SELECT 10::oid::regrole AS superuser, to_regclass('audit.schema_migration') IS NULL AS first_run \gset audit_
SELECT format('ALTER SCHEMA audit OWNER TO %s', :'audit_superuser')
FROM pg_namespace
WHERE nspname = 'audit' AND nspowner <> 10
\gexec
\if :audit_first_run
CREATE TABLE audit.schema_migration (
    version INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    duration_ms BIGINT NOT NULL,
    release TEXT NOT NULL,
    chart_version TEXT NOT NULL
);
ALTER TABLE audit.schema_migration OWNER TO :audit_superuser;
COMMENT ON TABLE audit.schema_migration IS 'Ledger of the migrations that were applied to this database (스키마 변경 이력)';
COMMENT ON COLUMN audit.schema_migration.version IS 'Number of the migration; from 9001 on the user''s own';
COMMENT ON COLUMN audit.schema_migration.description IS 'What it does, from the name of its file';
COMMENT ON COLUMN audit.schema_migration.sha256 IS 'SHA-256 of its file';
COMMENT ON COLUMN audit.schema_migration.applied_at IS 'When it began';
COMMENT ON COLUMN audit.schema_migration.duration_ms IS 'Milliseconds that it took';
COMMENT ON COLUMN audit.schema_migration.release IS 'The release whose Job applied it';
COMMENT ON COLUMN audit.schema_migration.chart_version IS 'Version of the chart that brought it';
\endif

SELECT format('owner      TABLE %s becomes %s''s', pg_class.oid::regclass, 10::oid::regrole)
FROM pg_class
WHERE
    pg_class.oid IN (to_regclass('audit.schema_migration'), to_regclass('audit.ddl_history'), to_regclass('audit.backup_run'))
    AND relowner <> 10;
-- Changing the owner runs nothing. What is attached to the table would run later: it is looked for in the catalog, after nobody else can
-- attach anything any more, and the table itself is not read: planning a query may already evaluate an expression of an index.
DO $$
DECLARE
    place TEXT;
    columns TEXT;
    problem TEXT;
    grantee TEXT;
    theirs BOOLEAN;
BEGIN
    FOR place, columns IN VALUES
        (
            'audit.schema_migration', 'version integer, description text, sha256 text, applied_at timestamp with time zone now(),'
            ' duration_ms bigint, release text, chart_version text'
        ),
        (
            'audit.ddl_history', 'id bigint ALWAYS, executed_at timestamp with time zone clock_timestamp(), executed_by text SESSION_USER,'
            ' command_tag text, object_type text, object_identity text, application text current_setting(''application_name''::text),'
            ' client_address inet inet_client_addr()'
        ),
        (
            'audit.backup_run', 'id bigint ALWAYS, kind text, started_at timestamp with time zone, finished_at timestamp with time zone'
            ' clock_timestamp(), succeeded boolean, backup text, bytes bigint, added_bytes bigint, message text, release text,'
            ' chart_version text, CHECK ((kind = ANY (ARRAY[''backup''::text, ''check''::text, ''restore''::text, ''drill''::text, ''snapshot''::text,'
            ' ''snapshot-drill''::text, ''move''::text])))'
        )
    LOOP
        CONTINUE WHEN to_regclass(place) IS NULL;
        theirs := (SELECT relowner <> 10 FROM pg_class WHERE oid = place::regclass);
        IF theirs THEN
            EXECUTE format('LOCK TABLE ONLY %s', place);
        END IF;
        FOR grantee IN
            SELECT DISTINCT CASE (item).grantee WHEN 0 THEN 'PUBLIC' ELSE (item).grantee::regrole::text END
            FROM (
                SELECT aclexplode(relacl), relowner FROM pg_class WHERE oid = place::regclass
                UNION ALL
                SELECT aclexplode(attacl), NULL FROM pg_attribute WHERE attrelid = place::regclass
            ) AS acl (item, owner)
            WHERE (item).grantee IS DISTINCT FROM owner AND (theirs OR (item).privilege_type = 'TRIGGER')
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', place, grantee);
        END LOOP;
        problem := (
            SELECT CASE
                WHEN rolname <> 'bill_inquiry_owner' AND NOT rolsuper THEN format('it is %s''s', rolname)
                WHEN relkind <> 'r' OR relpersistence <> 'p' OR reloftype <> 0 OR relispartition THEN 'it is not a plain table'
            END
            FROM pg_class INNER JOIN pg_roles ON pg_roles.oid = relowner
            WHERE pg_class.oid = place::regclass
        );
        IF problem IS NULL THEN
            -- The table, its schema, and their parts. Whoever owns what one of these depends on, as an extension, drops them with it.
            WITH RECURSIVE part (classid, objid) AS (
                SELECT 'pg_class'::regclass, oid FROM pg_class WHERE oid = place::regclass
                UNION ALL
                SELECT 'pg_namespace'::regclass, relnamespace FROM pg_class WHERE oid = place::regclass
                UNION
                SELECT link.classid, link.objid
                FROM pg_depend AS link INNER JOIN part ON link.refclassid = part.classid AND link.refobjid = part.objid
                WHERE link.deptype IN ('a', 'i') AND link.classid IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass)
            ),

            foreign_source (source) AS (
                SELECT pg_describe_object(refclassid, refobjid, 0)
                FROM pg_depend INNER JOIN part USING (classid, objid)
                WHERE (refclassid, refobjid) NOT IN (SELECT * FROM part) AND refclassid <> 'pg_namespace'::regclass
            )

            SELECT string_agg(DISTINCT reason, ', ' ORDER BY reason) INTO problem
            FROM (
                SELECT format('its columns are %s', shape)
                FROM (
                    SELECT concat_ws(', ', string_agg(
                        concat_ws(' ', attname, format_type(atttypid, atttypmod), CASE attidentity WHEN 'a' THEN 'ALWAYS' END,
                            CASE WHEN attgenerated <> '' THEN 'GENERATED' END, pg_get_expr(adbin, adrelid)),
                        ', ' ORDER BY attnum
                    ), (
                        SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY oid)
                        FROM pg_constraint
                        WHERE conrelid = place::regclass AND contype = 'c'
                    ))
                    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                    WHERE attrelid = place::regclass AND attnum > 0 AND NOT attisdropped
                ) AS present (shape)
                WHERE shape <> columns
                UNION ALL
                -- A write does not run its type, defaults, keys, plain indexes, TOAST table and sequence, nor views and publications of it.
                SELECT 'it has ' || pg_describe_object(classid, objid, 0)
                FROM pg_depend
                WHERE
                    refclassid = 'pg_class'::regclass AND refobjid = place::regclass
                    AND NOT CASE classid
                        WHEN 'pg_type'::regclass THEN TRUE
                        WHEN 'pg_attrdef'::regclass THEN TRUE
                        WHEN 'pg_publication_rel'::regclass THEN TRUE
                        WHEN 'pg_constraint'::regclass THEN
                            EXISTS (SELECT FROM pg_constraint WHERE oid = objid AND conrelid = refobjid AND contype IN ('p', 'n', 'c'))
                        WHEN 'pg_class'::regclass THEN
                            EXISTS (SELECT FROM pg_class WHERE oid = objid AND (relkind = 't' OR relkind = 'S' AND deptype = 'i'))
                            OR EXISTS (SELECT FROM pg_index WHERE indexrelid = objid AND indexprs IS NULL AND indpred IS NULL)
                        WHEN 'pg_rewrite'::regclass THEN EXISTS (SELECT FROM pg_rewrite WHERE oid = objid AND ev_class <> refobjid)
                        ELSE FALSE
                    END
                UNION ALL
                SELECT 'it is tied to ' || source FROM foreign_source
                UNION ALL
                SELECT 'it has row-level security' FROM pg_class WHERE oid = place::regclass AND relrowsecurity
            ) AS problem (reason);
        END IF;
        IF problem IS NOT NULL THEN
            RAISE EXCEPTION '% is not the chart''s table: %', place, problem
                USING HINT = 'What writes to it would run that as superuser or for the backups: drop what is too much, or give the table another name.';
        END IF;
        IF theirs THEN
            EXECUTE format('ALTER TABLE %s OWNER TO %s', place, 10::oid::regrole);
        END IF;
    END LOOP;
END
$$;

SELECT to_regclass('audit.ddl_history') IS NOT NULL AND count(*) < 2 AS no_triggers
FROM pg_event_trigger
WHERE evtname IN ('billdb_record_ddl', 'billdb_record_drop')
\gset audit_
\if :audit_no_triggers
DROP EVENT TRIGGER IF EXISTS billdb_record_ddl;
DROP EVENT TRIGGER IF EXISTS billdb_record_drop;
DROP FUNCTION IF EXISTS audit.record_ddl();
DROP FUNCTION IF EXISTS audit.record_drop();

CREATE FUNCTION audit.record_ddl() RETURNS EVENT_TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO audit.ddl_history (command_tag, object_type, object_identity)
    SELECT command_tag, object_type, object_identity
    FROM pg_event_trigger_ddl_commands()
    WHERE command_tag <> 'COMMENT' AND NOT in_extension AND schema_name IS DISTINCT FROM 'pg_temp';
END
$$;
ALTER FUNCTION audit.record_ddl() OWNER TO :audit_superuser;
REVOKE EXECUTE ON FUNCTION audit.record_ddl() FROM public;
COMMENT ON FUNCTION audit.record_ddl() IS 'Event trigger: writes what was made or changed to audit.ddl_history';

CREATE FUNCTION audit.record_drop() RETURNS EVENT_TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO audit.ddl_history (command_tag, object_type, object_identity)
    SELECT tg_tag, object_type, object_identity
    FROM pg_event_trigger_dropped_objects()
    WHERE (original OR normal) AND NOT is_temporary;
END
$$;
ALTER FUNCTION audit.record_drop() OWNER TO :audit_superuser;
REVOKE EXECUTE ON FUNCTION audit.record_drop() FROM public;
COMMENT ON FUNCTION audit.record_drop() IS 'Event trigger: writes what was dropped to audit.ddl_history';

CREATE EVENT TRIGGER billdb_record_ddl ON ddl_command_end EXECUTE FUNCTION audit.record_ddl();
ALTER EVENT TRIGGER billdb_record_ddl OWNER TO :audit_superuser;
CREATE EVENT TRIGGER billdb_record_drop ON sql_drop EXECUTE FUNCTION audit.record_drop();
ALTER EVENT TRIGGER billdb_record_drop OWNER TO :audit_superuser;
\endif
\i certificates.sql
COMMIT;
