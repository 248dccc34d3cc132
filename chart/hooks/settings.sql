-- The session as at its start, whatever a migration made of it, and its settings: what the server's configuration says for applications
-- must not end a migration.
\set ON_ERROR_STOP on
RESET SESSION AUTHORIZATION;
RESET ROLE;
RESET ALL;
SELECT count(set_config(name, wanted, FALSE)) AS settings
FROM (VALUES
    ('lock_timeout', :'lock_timeout'),
    ('statement_timeout', '0'),
    ('transaction_timeout', '0'), -- since 17
    ('idle_in_transaction_session_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('default_transaction_read_only', 'off'),
    ('default_transaction_isolation', 'read committed'),
    ('search_path', 'public'),
    ('client_min_messages', 'warning'),
    ('lc_messages', 'C'), -- messages are compared and searched for
    -- A run that was killed lets go of its locks soon, even in the middle of a long statement.
    ('client_connection_check_interval', '2s'),
    -- So does one whose node is gone, from which nothing comes any more.
    ('tcp_keepalives_idle', '10'),
    ('tcp_keepalives_interval', '5'),
    ('tcp_keepalives_count', '3')
) AS setting (name, wanted)
INNER JOIN pg_settings USING (name) \gset
