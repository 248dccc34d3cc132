#!/usr/bin/env bash
# Brings the schema of the database up to this chart's: every migration that the ledger does not have yet, in order, each in one
# transaction with its line of the ledger. Exit status: 2 when the connection failed or was lost, 3 when PostgreSQL refused something.
set -euo pipefail
cd "$(dirname "$0")"

. ./connection.sh

# One psql session: its advisory lock makes two runs at the same time take turns.
session() { psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"; }

create_database() {
  session --dbname=postgres --set=database="$PGDATABASE" --file=database.sql
}

# Prints what the psql session is to do.
plan() {
  local file version description checksum
  echo "\\i ledger.sql"
  for file in V[0-9]*__*.sql; do
    [[ $file =~ ^V([0-9]+)__(.+)\.sql$ ]]
    version=$((10#${BASH_REMATCH[1]}))
    description=${BASH_REMATCH[2]//_/ }
    checksum=$(sha256sum "$file" | cut -d ' ' -f 1)
    echo "INSERT INTO chart_migration VALUES ($version, '$description', '$checksum', '$file');"
  done
  echo "\\i check-ledger.sql"
  for file in V[0-9]*__*.sql; do
    echo "\\set file $file"
    echo "\\i apply-migration.sql"
  done
}

say "billdb $CHART_VERSION, release $RELEASE: the schema of $PGDATABASE"
wait_for_server
create_database
plan | session --set=release="$RELEASE" --set=chart_version="$CHART_VERSION" --set=lock_timeout="$LOCK_TIMEOUT" --file=-
session --file=report.sql
say "the schema of $PGDATABASE is ready"
