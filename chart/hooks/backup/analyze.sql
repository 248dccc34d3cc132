-- Statistics for the planner, of what is this session's own.
SET client_min_messages = error;
ANALYZE;
