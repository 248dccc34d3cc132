#!/usr/bin/env bash
# Deletes what is too old by one of the procedures delete_old_history and delete_expired_cache, named by the argument. The notice of the
# procedure in the log says what went, up to when, and what is left. Exit status: 2 without a connection, 3 after an error of SQL.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh

wait_for_server "$PGDATABASE"
# The procedure ends by itself before this container has to, between two batches.
at_most=$((DEADLINE_SECONDS - SECONDS - 15))
say "CALL $1(at_most => '$at_most s')"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=at_most="$at_most s" --file=- <<< "CALL public.$1(at_most => :'at_most');"
say "done"
