#!/usr/bin/env bash
# helm test: connects as the service does, over the Service and verified TLS, and looks for what the schema Job promised.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh

wait_for_server "$PGDATABASE"
psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --file=verify.sql
