-- A server that joins others copies once a checkpoint is done, and that of a server with nothing else to do takes its time: up to most of
-- checkpoint_timeout. One that is asked for has what was just written on disk at once.
SELECT 'CHECKPOINT' WHERE current_setting('cnpg.config_sha256', true) IS NOT NULL \gexec
