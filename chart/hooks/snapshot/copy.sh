#!/usr/bin/env bash
# Starts a server on a copy of the volume and looks at everything in the service's database. The pod has neither network nor rights: the
# last line of its log is what the drill reads. It then waits to be removed, for a container that ends would be started again.
set -euo pipefail
cd "$(dirname "$0")"
export PGDATA=$VOLUME/data PGHOST=/tmp PGUSER=postgres PGCONNECT_TIMEOUT=10 PGOPTIONS="-c search_path=pg_catalog,pg_temp -c statement_timeout=0"
LOG=/tmp/server.log

say() { echo "$(date +%T) $*"; }

result() {
  trap - EXIT
  pg_ctl stop --mode=immediate > /dev/null 2>&1 || :
  echo "result: $*"
  trap 'exit 0' TERM
  sleep infinity &
  wait
  exit
}

bad() {
  say "the end of the server's log:"
  tail -n 20 "$LOG" 2> /dev/null || :
  result "bad: ${*//$'\n'/ }"
}

[[ ! -e /tmp/begun ]] || result "bad: its container was ended before it was done; for lack of memory, raise snapshots.drill.resources"
: > /tmp/begun
trap 'bad "ended by an error of this script, said above"' EXIT

[[ -s $PGDATA/PG_VERSION ]] || bad "there is no database cluster in $PGDATA"
[[ $(postgres --version) =~ \(PostgreSQL\)\ ([0-9]+) ]] || bad "cannot read the image's version from: $(postgres --version)"
[[ ${BASH_REMATCH[1]} == "$(< "$PGDATA/PG_VERSION")" ]] ||
  bad "it holds the data of PostgreSQL $(< "$PGDATA/PG_VERSION"), the image is PostgreSQL ${BASH_REMATCH[1]}: the next snapshot will be of this one"
# Of the server whose volume it was, which is elsewhere.
rm -f "$PGDATA/postmaster.pid"
chmod 0700 "$PGDATA"
: > "$LOG"
: > /tmp/postgresql.conf
: > /tmp/pg_ident.conf
echo "local all all trust" > /tmp/pg_hba.conf

# As options, for they go before what ALTER SYSTEM wrote on the volume. Nobody but this script reaches the socket.
OPTIONS=(
  --config_file=/tmp/postgresql.conf --hba_file=/tmp/pg_hba.conf --ident_file=/tmp/pg_ident.conf --listen_addresses=
  --unix_socket_directories=/tmp --port=1024 --ssl=off --shared_preload_libraries= --session_preload_libraries=
  --local_preload_libraries= --archive_mode=off --fsync=off --autovacuum=off --jit=off --max_connections=20
  --max_prepared_transactions=100 --shared_buffers=32MB --maintenance_work_mem=64MB --dynamic_shared_memory_type=mmap
  --logging_collector=off --log_destination=stderr --log_error_verbosity=terse --log_min_error_statement=panic --lc_messages=C
)
export PGPORT=1024
say "starting PostgreSQL $(< "$PGDATA/PG_VERSION") on the copy"
pg_ctl start --log="$LOG" --wait --timeout="$DEADLINE_SECONDS" --options="${OPTIONS[*]}" > /dev/null || bad "the server does not start on it"
grep -E 'interrupted|redo|recovery' "$LOG" || :
started=$SECONDS
answer=$(psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse --file=copy.sql 2>&1) || bad "${answer##*ERROR:  }"
result "good: started in $started s, ${answer##*$'\n'}"
