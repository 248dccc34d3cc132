#!/usr/bin/env bash
# Brings the server's roles and the database's schema to what this chart says: roles and passwords, then every migration that the
# ledger does not have yet, in order, each in one transaction with its line of the ledger. What is as it should be is left alone.
# A superuser's session touches nothing that could run code of others: the owner's migrations run in sessions that logged in as the owner.
# Exit status: 2 when the connection failed or was lost, 3 when something was refused that a second try would not mend.
set -euo pipefail
cd "$(dirname "$0")"

. ./connection.sh
. ./server.sh
. ./migrations.sh

# The ConfigMap may change while the Job runs: what is applied is what was read at the start.
work=$(mktemp --directory)
cp ./*.sql "$work"
cd "$work"

# The superuser last: what fails before can still be mended with the password it had.
LOGINS=(bill_inquiry_user bill_readonly_user bill_backup_user bill_monitoring_user bill_maintenance_user postgres)

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
  local role password
  for role in "${LOGINS[@]}"; do
    [[ -e $CREDENTIALS/$role ]] || fail "no password of $role: the file $CREDENTIALS/$role is missing; add its key to the Secret"
    password=$(cat "$CREDENTIALS/$role" && echo .)
    password=${password%.}
    password=${password%$'\n'}
    [[ -n $password ]] || fail "the password of $role is empty (file $CREDENTIALS/$role): give it one in the Secret"
    [[ $password != *$'\n'* ]] || fail "the password of $role has more than one line (file $CREDENTIALS/$role): give it one that has not, in the Secret"
  done
}

# What a session is to do with the server as a whole.
plan_server() {
  local role
  printf '\\i %s\n' settings.sql lock.sql event-triggers.sql roles.sql reopen.sql database.sql public.sql large-objects.sql silence.sql
  echo "BEGIN;"
  for role in bill_inquiry_owner "${LOGINS[@]}"; do
    printf '\\set role %s\n\\i password.sql\n' "$role"
  done
  echo "COMMIT;"
  printf '\\echo passwords  %s as the Secret has them\n' ${#LOGINS[@]}
  # What not every release has.
  echo "SELECT format('-c %s=%s', name, boot_val) FROM pg_settings WHERE name IN ('transaction_timeout', 'restrict_nonsystem_relation_kind') \\g more_settings"
  echo "SELECT datallowconn FROM pg_database WHERE datname = 'template1' \\g template1"
}

say "billdb $CHART_VERSION, release $RELEASE: the schema of $PGDATABASE"
check_passwords
check_markers
OWNER_PASSWORD=$(owner_password)
export OWNER_PASSWORD
wait_for_server postgres
plan_server | session --dbname=postgres --file=- --set=database="$PGDATABASE"
# shellcheck disable=SC2031 # only `as` changes a copy of it, and means to
PGOPTIONS+=$(< more_settings)
if [[ $(< template1) == t ]]; then
  printf '\\i %s\n' settings.sql lock.sql event-triggers.sql public.sql large-objects.sql | session --dbname=template1 --file=-
fi
migrate_schema
session --dbname=postgres --file=checkpoint.sql
say "the schema of $PGDATABASE is ready"
