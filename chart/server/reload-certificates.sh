#!/usr/bin/env bash
# Tells the server to read its certificates again when their Secrets have new ones, so that a renewal needs no restart.
set -euo pipefail
trap 'exit 0' TERM

say() { echo "reload-certificates: $*"; }
# Where the schema Job logs in with a password there is no second folder.
mounted() { { cat /etc/postgresql-tls/* /etc/postgresql-clients/* 2> /dev/null || :; } | sha256sum; }

# Whatever the server read when it started, it is told once: a Secret may have changed in between.
told=""
while :; do
  # The probes look at when this was last written.
  : > "$HEARTBEAT"
  now=$(mounted)
  if [[ $now != "$told" ]] && psql --no-psqlrc --quiet --username=postgres --dbname=postgres \
    --command="SELECT pg_reload_conf()" > /dev/null 2>&1; then
    told=$now
    say "$(date +%T) the server reads the certificates of its Secrets"
  fi
  sleep "$EVERY_SECONDS" &
  wait $!
done
