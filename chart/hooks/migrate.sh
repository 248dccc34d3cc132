#!/usr/bin/env bash
# Brings the server's roles and the database's schema to what this chart says: roles and passwords, then every migration that the
# ledger does not have yet, in order, each in one transaction with its line of the ledger. What is as it should be is left alone.
# Exit status: 2 when the connection failed or was lost, 3 when something was refused that a second try would not mend.
set -euo pipefail
cd "$(dirname "$0")"

. ./connection.sh

# The ConfigMap may change while the Job runs: what is applied is what was read at the start.
work=$(mktemp --directory)
cp ./*.sql "$work"
cd "$work"

# The superuser last: what fails before can still be mended with the password it had.
LOGINS=(bill_inquiry_user bill_readonly_user bill_backup_user bill_monitoring_user bill_maintenance_user postgres)

fail() {
  say "ERROR: $*" >&2
  exit 3
}

# One psql session of several steps: its advisory lock makes two runs at the same time take turns.
session() { psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"; }

# `timeout` and the kubelet end this script and its psql alike; what is to be read about it is written here.
ended() {
  # bash counts from a little later than timeout does, and in whole seconds.
  if ((SECONDS >= DEADLINE_SECONDS - 1)); then
    say "ERROR: not done after $DEADLINE_SECONDS s; what ended stays. Raise schema.deadlineSeconds, and run helm upgrade again" >&2
  else
    say "told to end before it was done; what ended stays, and the next run goes on from there" >&2
  fi
  exit 2
}
trap ended TERM

check_passwords() {
  local role
  for role in "${LOGINS[@]}"; do
    [[ -e $CREDENTIALS/$role ]] || fail "no password of $role: the file $CREDENTIALS/$role is missing; add its key to the Secret"
    [[ -n $(< "$CREDENTIALS/$role") ]] || fail "the password of $role is empty (file $CREDENTIALS/$role): give it one in the Secret"
  done
}

# What a session is to do with the server as a whole.
plan_server() {
  local role
  printf '\\i %s\n' settings.sql lock.sql roles.sql database.sql public.sql silence.sql
  echo "BEGIN;"
  for role in "${LOGINS[@]}"; do
    printf '\\set role %s\n\\i password.sql\n' "$role"
  done
  echo "COMMIT;"
  printf '\\echo passwords  %s as the Secret has them\n' ${#LOGINS[@]}
}

# What a session is to do in the service's database.
plan_schema() {
  local file version description checksum
  printf '\\i %s\n' settings.sql lock.sql ownership.sql privileges.sql ledger.sql
  for file in V[0-9]*__*.sql; do
    [[ $file =~ ^V([0-9]+)__(.+)\.sql$ ]]
    version=$((10#${BASH_REMATCH[1]}))
    description=${BASH_REMATCH[2]//_/ }
    checksum=$(sha256sum "$file" | cut -d ' ' -f 1)
    echo "INSERT INTO chart_migration VALUES ($version, '$description', '$checksum', '$file');"
  done
  printf '\\i %s\n' check-ledger.sql
  for file in V[0-9]*__*.sql; do
    printf '\\set %s\n' "file $file" "superuser $(marked superuser "$file")" "alone $(marked no-transaction "$file")"
    printf '\\i %s\n' apply-migration.sql
  done
  printf '\\i %s\n' privileges.sql
}

# Whether the file has the line `-- billdb: WORD`, as psql has truth.
marked() {
  if grep --quiet --line-regexp --fixed-strings -- "-- billdb: $1" "$2"; then echo true; else echo false; fi
}

# A table that is busy is tried again a few times, with pauses in which the service catches up.
migrate_schema() {
  local errors=/tmp/errors.txt attempt status
  for ((attempt = 1; ; attempt++)); do
    status=0
    {
      plan_schema | session --file=- --set=release="$RELEASE" --set=chart_version="$CHART_VERSION" --set=lock_timeout="$LOCK_TIMEOUT" \
        2>&1 >&3 | tee "$errors" >&2
    } 3>&1 || status=$?
    ((status != 0)) || return 0
    if ((status == 3)) && grep --quiet -e "canceling statement due to lock timeout" -e "deadlock detected" "$errors"; then
      session --file=blockers.sql
      if ((attempt < LOCK_TRIES)); then
        say "the lock was not to be had in $LOCK_TIMEOUT; try $((attempt + 1)) of $LOCK_TRIES follows in $((attempt * 2)) s"
        sleep $((attempt * 2))
        continue
      fi
      say "ERROR: no lock in $LOCK_TRIES tries: end the transactions above, or upgrade at a quieter time" >&2
    fi
    ((status != 3)) || say "ERROR: what ended before the error above stays, the rest was not done; mend that, and run helm upgrade again" >&2
    exit "$status"
  done
}

say "billdb $CHART_VERSION, release $RELEASE: the schema of $PGDATABASE"
check_passwords
wait_for_server postgres
plan_server | session --dbname=postgres --file=- --set=lock_timeout=0 --set=database="$PGDATABASE" --set=credentials="$CREDENTIALS"
if [[ $(session --dbname=postgres --command="SELECT datallowconn FROM pg_database WHERE datname = 'template1'") == t ]]; then
  printf '\\i %s\n' settings.sql lock.sql public.sql | session --dbname=template1 --file=- --set=lock_timeout=0
fi
migrate_schema
session --file=report.sql
say "the schema of $PGDATABASE is ready"
