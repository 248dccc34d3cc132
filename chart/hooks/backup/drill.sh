#!/usr/bin/env bash
# Restores the newest backup into a server of its own, in this pod and for as long as it takes: a backup counts once this has succeeded.
# What is there then is held against the manifest, the constraints and the indexes are checked, and the service's queries run.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh
. ./run.sh
. ./repository.sh
. ./restoring.sh

SCRATCH=/scratch
DATA=$SCRATCH/data
TARGET=(--unset=PGPASSWORD --unset=PGSSLCERT --unset=PGSSLKEY --unset=PGSSLMODE --unset=PGSSLROOTCERT PGHOST="$SCRATCH" PGUSER=postgres PGPASSFILE="$PASSFILE")

# The rows and indexes, and their WAL, which this server keeps small.
check_room() {
  local need free
  need=$((BYTES + 192 * 1048576))
  free=$(df --block-size=1 --output=avail "$SCRATCH" | tail --lines=1)
  ((need <= SCRATCH_BYTES)) ||
    fail "backup $BACKUP needs $((need / 1048576)) MiB, and backup.drill.size is $((SCRATCH_BYTES / 1048576)) MiB: set it to more"
  ((need <= free)) || fail "backup $BACKUP needs $((need / 1048576)) MiB, and the node has $((free / 1048576)) MiB free: let the drill run on one with more"
}

start_server() {
  secret > "$WORK/superuser"
  echo "*:*:*:postgres:$(< "$WORK/superuser")" > "$PASSFILE"
  chmod 0600 "$PASSFILE"
  rm --recursive --force "$DATA"
  initdb --pgdata="$DATA" --username=postgres --pwfile="$WORK/superuser" --auth=scram-sha-256 --encoding=UTF8 --locale="$CLUSTER_LOCALE" \
    --data-checksums --no-sync --no-instructions > "$WORK/initdb" || { cat "$WORK/initdb" >&2 && fail "the scratch server could not be made, for the reason above"; }
  # Nobody needs it to outlive a crash.
  cat >> "$DATA/postgresql.conf" << CONF
listen_addresses = ''
unix_socket_directories = '$SCRATCH'
port = $PGPORT
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 128MB
max_connections = 10
shared_buffers = $SHARED_BUFFERS
maintenance_work_mem = $SHARED_BUFFERS
max_parallel_maintenance_workers = 0
jit = off
dynamic_shared_memory_type = mmap
log_min_messages = panic
CONF
  pg_ctl start --pgdata="$DATA" --log="$SCRATCH/log" --silent -w > /dev/null || { cat "$SCRATCH/log" >&2 && fail "the scratch server did not start, for the reason above"; }
}

finish() {
  local status=$?
  [[ ! -e $DATA/postmaster.pid ]] || pg_ctl stop --pgdata="$DATA" --mode=immediate --silent > /dev/null || :
  rm --recursive --force "$DATA"
  ((status == 0)) || (exit "$status") || ended
  ended
}

check_indexes() {
  local oid role
  as_superuser "${SQL[@]}" --dbname=drill --file=check-prepare.sql || fail "the image has no amcheck, which checks indexes, or it could not be made ready"
  as_superuser "${SQL[@]}" --dbname=drill --file=check-relations.sql > "$WORK/checked" || fail "what is the superuser's is damaged, as said above"
  while IFS=$'\t' read -r oid role; do
    act_for "$role" drill
    as_owner "$role" drill check-constraints.sql || fail "the constraints could not be looked at, for the reason above"
    as_owner "$role" drill check-relations.sql >> "$WORK/checked" || fail "what is ${role}'s is damaged, as said above"
  done < "$WORK/owners"
  say "checked    $(wc --lines < "$WORK/checked") tables and indexes, by amcheck: no damage"
}

ask_queries() {
  act_for bill_inquiry_user drill
  as_owner bill_inquiry_user drill drill-queries.sql > /dev/null || fail "a query of the service failed, as said above"
  say "queried    as the service does"
}

begin drill
wait_for_server "$PGDATABASE"
take_turn
need_repository
find_backup latest
read_backup
check_room
trap finish EXIT
start_server
prepare_roles
superusers --command="CREATE DATABASE drill OWNER bill_inquiry_owner ENCODING 'UTF8' TEMPLATE template0" || fail "the scratch database could not be made"
restore_into drill
check_indexes
ask_queries
MESSAGE="restored and checked in $SECONDS s: $TABLES tables with $ROWS rows"
