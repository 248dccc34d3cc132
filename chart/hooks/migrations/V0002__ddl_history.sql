-- billdb: superuser
-- What was done to the database's objects, by whom: migrations and people alike. Event triggers are a superuser's; what they write
-- to is the owner's. The text of a command is not kept, for it may hold what is nobody's business; nor are comments, temporary
-- objects and the parts of an extension.
SET LOCAL ROLE bill_inquiry_owner;

CREATE TABLE audit.ddl_history (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    executed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    executed_by TEXT NOT NULL DEFAULT session_user,
    command_tag TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_identity TEXT,
    application TEXT DEFAULT current_setting('application_name'),
    client_address INET DEFAULT inet_client_addr(),
    CONSTRAINT pk_ddl_history PRIMARY KEY (id)
);
COMMENT ON TABLE audit.ddl_history IS 'DDL done to this database (DDL 이력); written by event triggers';
COMMENT ON COLUMN audit.ddl_history.id IS 'Generated key';
COMMENT ON COLUMN audit.ddl_history.executed_at IS 'When the command ran';
COMMENT ON COLUMN audit.ddl_history.executed_by IS 'The role that had logged in';
COMMENT ON COLUMN audit.ddl_history.command_tag IS 'What kind of command it was, as CREATE TABLE';
COMMENT ON COLUMN audit.ddl_history.object_type IS 'What kind of object it made, changed or dropped';
COMMENT ON COLUMN audit.ddl_history.object_identity IS 'The object; null for GRANT and REVOKE, which PostgreSQL does not tell';
COMMENT ON COLUMN audit.ddl_history.application IS 'What the client calls itself; migrations: billdb/db-init';
COMMENT ON COLUMN audit.ddl_history.client_address IS 'Address of the client; null on the socket';

CREATE FUNCTION audit.record_ddl() RETURNS EVENT_TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO audit.ddl_history (command_tag, object_type, object_identity)
    SELECT command_tag, object_type, object_identity
    FROM pg_event_trigger_ddl_commands()
    WHERE command_tag <> 'COMMENT' AND NOT in_extension AND schema_name IS DISTINCT FROM 'pg_temp';
END
$$;
COMMENT ON FUNCTION audit.record_ddl() IS 'Event trigger: writes what was made or changed to audit.ddl_history';

CREATE FUNCTION audit.record_drop() RETURNS EVENT_TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO audit.ddl_history (command_tag, object_type, object_identity)
    SELECT tg_tag, object_type, object_identity
    FROM pg_event_trigger_dropped_objects()
    WHERE (original OR normal) AND NOT is_temporary;
END
$$;
COMMENT ON FUNCTION audit.record_drop() IS 'Event trigger: writes what was dropped to audit.ddl_history';

DO $$
BEGIN
    PERFORM set_config('role', rolname, TRUE) FROM pg_roles WHERE oid = 10; -- the superuser that initdb made
END
$$;

CREATE EVENT TRIGGER billdb_record_ddl ON ddl_command_end EXECUTE FUNCTION audit.record_ddl(); -- noqa: PRS
CREATE EVENT TRIGGER billdb_record_drop ON sql_drop EXECUTE FUNCTION audit.record_drop(); -- noqa: PRS
