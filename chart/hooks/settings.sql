-- The session as at its start, whatever a migration made of it: the settings that migrate.sh gave it, and the role that logged in.
\set ON_ERROR_STOP on
\set SHOW_CONTEXT never
RESET SESSION AUTHORIZATION;
RESET ROLE;
RESET ALL;
