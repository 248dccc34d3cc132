"""Ways by which somebody who is no superuser could have code run by the schema Job, and what the Job does instead."""

from dataclasses import dataclass

READY = "is ready"
SERVICE = "bill_inquiry_user"
OWNER = "bill_inquiry_owner"
# What the attacker has run: whoever runs it is noted, also when the transaction is undone, and a superuser's rights are used.
LOOT = """
CREATE SCHEMA loot;
CREATE SEQUENCE loot.by_superuser;
CREATE SEQUENCE loot.by_owner;
GRANT USAGE ON SCHEMA loot TO PUBLIC;
GRANT ALL ON SEQUENCE loot.by_superuser, loot.by_owner TO PUBLIC;
CREATE FUNCTION loot.take() RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    way TEXT;
BEGIN
    FOREACH way IN ARRAY ARRAY['SELECT 1', 'RESET ROLE', 'RESET SESSION AUTHORIZATION', 'SET ROLE postgres'] LOOP
        BEGIN
            EXECUTE way;
            IF pg_catalog.current_setting('is_superuser') = 'on' THEN
                PERFORM pg_catalog.nextval('loot.by_superuser');
                ALTER ROLE bill_inquiry_user SUPERUSER;
            ELSIF current_user = 'bill_inquiry_owner' THEN
                PERFORM pg_catalog.nextval('loot.by_owner');
            END IF;
        EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value THEN NULL;
        END;
    END LOOP;
END
$$;
CREATE FUNCTION loot.trigger() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN PERFORM loot.take(); RETURN NEW; END';
CREATE FUNCTION loot.number() RETURNS INT LANGUAGE plpgsql AS 'BEGIN PERFORM loot.take(); RETURN 1; END';
CREATE FUNCTION loot.same(INT) RETURNS INT LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM loot.take(); RETURN $1; END';
CREATE FUNCTION loot.equal(OID, REGCLASS) RETURNS BOOLEAN LANGUAGE plpgsql AS 'BEGIN PERFORM loot.take(); RETURN true; END';
"""


@dataclass(frozen=True)
class Attack:
    """What `attacker` did before the run, and words that the run's log then has: READY, or those of a refusal."""

    attacker: str
    sql: str
    outcome: str = READY


def function(signature: str, returns: str = "TEXT", result: str = "'x'") -> str:
    return (
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql AS $$BEGIN PERFORM loot.take(); RETURN {result}; END$$;"
    )


def attached(what: str) -> str:
    return f"audit.schema_migration is not the chart's table: it has {what}"


LEDGER = """
CREATE SCHEMA audit;
CREATE TABLE audit.schema_migration (
    version INTEGER PRIMARY KEY, description TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    duration_ms BIGINT NOT NULL, release TEXT NOT NULL, chart_version TEXT NOT NULL
);"""
TRIGGER = "CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION loot.trigger();"
DEFERRED = """CREATE CONSTRAINT TRIGGER mine AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION loot.trigger();"""
STRANGER = "a migration could run code of another role as the owner, none was applied:\n- "

# On a database that the chart has not seen yet, whose owner the attacker is.
BEFORE: dict[str, Attack] = {
    "a better format()": Attack(
        SERVICE, function("public.format(text, text)"), f"{STRANGER}function public.format(text,text) of {SERVICE}"
    ),
    "a better set_config()": Attack(
        SERVICE,
        function("public.set_config(text, name, boolean)"),
        f"{STRANGER}function public.set_config(text,name,boolean) of {SERVICE}",
    ),
    "a better operator": Attack(
        SERVICE,
        "CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = loot.equal);",
        f"{STRANGER}operator public.=(oid,regclass) of {SERVICE}",
    ),
    "a cast": Attack(
        SERVICE,
        "CREATE TYPE loot.thing AS (a INT);" + function("loot.thing(text)", "loot.thing", "NULL")
        + "CREATE CAST (text AS loot.thing) WITH FUNCTION loot.thing(text) AS IMPLICIT;",
        f"{STRANGER}cast from text to loot.thing of {SERVICE}",
    ),
    "a search_path of the database": Attack(
        SERVICE,
        function("loot.set_config(text, text, boolean)") + function("loot.to_regrole(text)", "regrole", "NULL")
        + "ALTER DATABASE {name} SET search_path = loot, pg_catalog;",
    ),
    "a ledger of its own with a trigger": Attack(
        SERVICE,
        LEDGER + TRIGGER.format(table="audit.schema_migration"),
        f"audit.schema_migration is not the chart's table: it is {SERVICE}'s",
    ),
    "a ledger of the owner's with a trigger": Attack(
        OWNER, LEDGER + TRIGGER.format(table="audit.schema_migration"), attached("trigger mine on table audit.schema_migration")
    ),
    "the owner's set_config()": Attack(
        OWNER,
        function("public.set_config(text, name, boolean)"),
    ),
}  # fmt: skip

# On the database of chart 0.2.0, where the owner owned the ledger, the history of DDL and its functions.
LATER: dict[str, Attack] = {
    "a trigger on the ledger": Attack(
        OWNER, TRIGGER.format(table="audit.schema_migration"), attached("trigger mine on table audit.schema_migration")
    ),
    "a deferred trigger on the ledger": Attack(
        OWNER,
        DEFERRED.format(table="audit.schema_migration"),
        attached("constraint mine on table audit.schema_migration, it has trigger mine"),
    ),
    "a default of the ledger": Attack(
        OWNER,
        "ALTER TABLE audit.schema_migration ADD COLUMN mine INT DEFAULT loot.number();",
        "audit.schema_migration is not the chart's table: its columns are version integer, description text",
    ),
    "a changed default of the ledger": Attack(
        OWNER,
        "ALTER TABLE audit.schema_migration ALTER COLUMN duration_ms SET DEFAULT loot.number();",
        "duration_ms bigint loot.number()",
    ),
    "a rule of the ledger": Attack(
        OWNER,
        "CREATE RULE mine AS ON INSERT TO audit.schema_migration DO ALSO SELECT loot.number();",
        attached("rule mine on table audit.schema_migration"),
    ),
    "an index of the ledger": Attack(
        OWNER, "CREATE INDEX mine ON audit.schema_migration ((loot.same(1)));", attached("index audit.mine")
    ),
    "a check of the ledger": Attack(
        OWNER,
        "ALTER TABLE audit.schema_migration ADD CONSTRAINT mine CHECK (loot.same(version) > 0) NOT VALID;",
        "chart_version text, CHECK ((loot.same(version) > 0)) NOT VALID\n",
    ),
    "statistics of the ledger": Attack(
        OWNER,
        "CREATE STATISTICS audit.mine ON (loot.same(1)) FROM audit.schema_migration;",
        attached("statistics object audit.mine"),
    ),
    "a child of the ledger": Attack(
        OWNER, "CREATE TABLE audit.mine () INHERITS (audit.schema_migration);", attached("table audit.mine")
    ),
    "a view for a ledger": Attack(
        OWNER,
        "ALTER TABLE audit.schema_migration RENAME TO mine;"
        "CREATE VIEW audit.schema_migration AS SELECT *, loot.number() FROM audit.mine;",
        "audit.schema_migration is not the chart's table: it is not a plain table",
    ),
    "a trigger on the history of DDL": Attack(
        OWNER,
        TRIGGER.format(table="audit.ddl_history"),
        "audit.ddl_history is not the chart's table: it has trigger mine on table audit.ddl_history",
    ),
    "a default of the history of DDL": Attack(
        OWNER,
        "ALTER TABLE audit.ddl_history ALTER COLUMN object_identity SET DEFAULT loot.number()::text;",
        "object_identity text (loot.number())::text",
    ),
    "another function of the event trigger": Attack(
        OWNER,
        "CREATE OR REPLACE FUNCTION audit.record_ddl() RETURNS EVENT_TRIGGER LANGUAGE plpgsql SECURITY INVOKER"
        " AS 'BEGIN PERFORM loot.take(); END'",
    ),
    "a trigger that a migration fires": Attack(
        OWNER, TRIGGER.replace("INSERT", "UPDATE").format(table="public.system_config")
    ),
    "a view for a table that is counted": Attack(
        OWNER,
        "ALTER TABLE public.system_config RENAME TO mine;"
        "CREATE VIEW public.system_config AS SELECT mine.* FROM public.mine, loot.number() AS n WHERE n > 0;"
        "CREATE RULE mine AS ON UPDATE TO public.system_config DO INSTEAD NOTHING;",
    ),
}  # fmt: skip
