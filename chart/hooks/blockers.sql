-- Who may hold the lock that a migration waited for: the oldest transactions. Not what they run: that may hold what the log must not.
SELECT format(
    'open       process %s of %s (%s), %s, transaction since %s',
    pid, usename, coalesce(nullif(application_name, ''), 'no name'), state, xact_start::timestamp(0)
)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now()
ORDER BY xact_start
LIMIT 5;
SELECT format('open       prepared transaction %L of %s since %s: COMMIT or ROLLBACK PREPARED it', gid, owner, prepared::timestamp(0))
FROM pg_prepared_xacts
WHERE database = current_database()
ORDER BY prepared
LIMIT 5;
