-- Who may hold the lock that a migration waited for: the oldest transactions. Not what they run: that may hold what the log must not.
SELECT format(
    'open       process %s of %s (%s), %s, transaction since %s',
    pid, usename, coalesce(nullif(application_name, ''), 'no name'), state, xact_start::timestamp(0)
)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now()
ORDER BY xact_start
LIMIT 5;
