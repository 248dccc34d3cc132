-- What the session says from here on is written nowhere: not to the server's log, not to any statistics, and it is not seen in
-- pg_stat_activity.
SELECT count(set_config(name, wanted, FALSE)) AS settings
FROM (VALUES
    ('track_activities', 'off'),
    ('log_statement', 'none'),
    ('log_duration', 'off'),
    ('log_min_duration_statement', '-1'),
    ('log_min_duration_sample', '-1'),
    ('log_transaction_sample_rate', '0'),
    ('log_min_error_statement', 'panic'),
    ('debug_print_parse', 'off'),
    ('debug_print_rewritten', 'off'),
    ('pg_stat_statements.track', 'none'), -- the last two are without effect where the extension is not loaded
    ('pgaudit.log', 'none')
) AS setting (name, wanted) \gset
