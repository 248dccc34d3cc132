"""A database whose owner has laid traps is moved: nothing of the owner's runs in a superuser's session, on neither server."""

from pathlib import Path

import pytest

from harness.database.hook import Hook
from harness.database.moves import Move
from harness.database.servers import Server
from harness.database.volumes import PREPARE, pod

# Each of these calls the function `climb`, which makes a role a superuser, or stops the move, once a superuser's session runs it.
ATTACK = """
CREATE FUNCTION climb_now() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('application_name') = 'billdb/move' AND EXISTS (
        SELECT FROM pg_roles WHERE rolsuper AND rolname IN (current_user, session_user)
    ) THEN
        EXECUTE 'ALTER ROLE bill_readonly_user SUPERUSER';
    END IF;
END
$$;
CREATE FUNCTION climb(n INTEGER) RETURNS INTEGER IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM public.climb_now(); RETURN n; END';
CREATE DOMAIN climber AS INTEGER CHECK (climb(VALUE) > 0);
CREATE TABLE trapped (
    n climber CHECK (climb(n) > 0) DEFAULT climb(1), twice INTEGER GENERATED ALWAYS AS (climb(n) * 2) STORED
);
INSERT INTO trapped VALUES (1), (2);
CREATE INDEX ON trapped (climb(n)) WHERE climb(n) > 0;
CREATE STATISTICS of_it ON climb(n), twice FROM trapped;
CREATE MATERIALIZED VIEW climbed AS SELECT climb(n) FROM trapped;
CREATE FUNCTION climb_in_trigger() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN PERFORM climb(1); RETURN NEW; END';
CREATE TRIGGER climbing BEFORE INSERT OR TRUNCATE ON trapped EXECUTE FUNCTION climb_in_trigger();
ALTER TABLE trapped ENABLE ALWAYS TRIGGER climbing;
CREATE POLICY climbing ON trapped USING (climb(n) > 0);
ALTER TABLE trapped ENABLE ROW LEVEL SECURITY;
CREATE TABLE "x
cG9zdGdyZXM= cGdfYXV0aGlk IA==" AS SELECT climb(1) AS "(SELECT climb(1))) TO STDOUT --";
CREATE SCHEMA "- SCHEMA"; CREATE TABLE "- SCHEMA"."x postgres" (n INTEGER);
COMMENT ON TABLE "- SCHEMA"."x postgres" IS 'postgres';
"""
MENDED = """
DROP SCHEMA "- SCHEMA" CASCADE;
DROP TABLE "x
cG9zdGdyZXM= cGdfYXV0aGlk IA==";
DROP TABLE trapped CASCADE; DROP DOMAIN climber; DROP FUNCTION climb; DROP FUNCTION climb_now; DROP FUNCTION climb_in_trigger;
"""


@pytest.mark.parametrize("major", ["15", "18"])
def test_nothing_of_the_owners_runs_as_superuser_on_either_server(opened: Server, major: str, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    with opened.connect() as connection:
        connection.execute("SET ROLE bill_inquiry_owner")
        connection.execute(ATTACK.encode())
    done = Move(opened, major, tmp_path / "volume").run()
    assert done.status == 0, done.log
    superusers = "SELECT rolname FROM pg_roles WHERE rolsuper ORDER BY rolname"
    with pod(major, tmp_path) as new:
        new.check(PREPARE)
        new.serve()
        assert new.sql(superusers) == "billdb_hook\npostgres"
        assert new.sql("SELECT count(*), sum(twice) FROM trapped", PGDATABASE="bill_inquiry_db") == "2|6"
    with opened.connect(database="postgres") as connection:
        assert connection.execute(superusers.encode()).fetchall() == [("billdb_hook",), ("postgres",)]
    Hook(opened).apply()
    with opened.connect() as connection:
        connection.execute(MENDED.encode())
