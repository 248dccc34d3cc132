#!/usr/bin/env bash
# Writes a backup to its standard output: the manifest, a line of JSON, then pg_dump's archive, both of one snapshot of the database.
# The archive is not compressed: so restic finds again what was there the day before, and compresses the rest.
set -euo pipefail
cd "$(dirname "$0")"
. ./server.sh
unset "${!AWS_@}" "${!AZURE_@}" # restic's
[[ -z ${READ_ADDRESS:-} ]] || export PGHOST=$READ_FROM PGHOSTADDR=$READ_ADDRESS # replica.sh

work=$(mktemp --directory)
export COUNTED=$work/tables
pg_dumpall --globals-only --no-role-passwords --lock-wait-timeout=60s > "$work/globals.sql"

# This session holds the snapshot until the dump is done.
coproc SNAPSHOT { session --dbname="$PGDATABASE" --set=work="$work" --set=release="$RELEASE" --set=chart="$CHART_VERSION" --file=-; }
printf '%s\n' '\i manifest.sql' >&"${SNAPSHOT[1]}"
read -r id <&"${SNAPSHOT[0]}"
IFS= read -r manifest <&"${SNAPSHOT[0]}"
printf '%s\n' "$manifest"
pg_dump --format=custom --compress=0 --snapshot="$id" --lock-wait-timeout=60s "$PGDATABASE"
