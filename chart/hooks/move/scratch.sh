# shellcheck shell=bash
# The new server of move.sh: it is made beside its final place on the new volume and answers on a socket of this container alone.

SCRATCH=/tmp/scratch
# As SETTINGS of server.sh; and what both servers show rows by, so that the same rows are the same bytes.
PGOPTIONS+=" -c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC -c bytea_output=hex -c extra_float_digits=1 -c lc_monetary=C"

# Runs a command as a role of the new server: new ROLE COMMAND….
new() (
  unset PGSSLCERT PGSSLKEY PGSSLROOTCERT PGPASSWORD
  export PGHOST=$SCRATCH PGPORT=5432 PGSSLMODE=disable PGUSER=$1
  ((IMAGE_MAJOR < 17)) || PGOPTIONS+=" -c transaction_timeout=0"
  shift
  "$@"
)

make_scratch() {
  local log=/tmp/scratch.log
  # Loaded and then written to the disk as a whole; what logs a statement could log a password.
  local options=(
    "--listen_addresses=" "--unix_socket_directories=$SCRATCH" "--hba_file=$SCRATCH/hba.conf" --log_min_error_statement=panic
    --log_statement=none --fsync=off --full_page_writes=off --synchronous_commit=off --wal_level=minimal --max_wal_senders=0
    --autovacuum=off --jit=off --max_wal_size=512MB --shared_buffers=64MB --maintenance_work_mem=64MB
    --max_parallel_workers_per_gather=0 --max_parallel_maintenance_workers=0
  )
  mkdir -p "$SCRATCH"
  echo "local all all trust" > "$SCRATCH/hba.conf"
  rm -rf "$PGDATA.move"
  # The password is one that nobody knows, until that of the old server comes along.
  initdb --pgdata="$PGDATA.move" --username=postgres --pwfile=<(head -c 24 /dev/urandom | base64) --auth-local=peer \
    --auth-host=scram-sha-256 --encoding=UTF8 --locale="$CLUSTER_LOCALE" --data-checksums --no-sync --no-instructions > "$log" 2>&1 ||
    fail "initdb: $(tail -n 5 "$log")"
  pg_ctl start --silent --wait --pgdata="$PGDATA.move" --log="$log" --options="${options[*]}" || fail "the new server does not start: $(tail -n 5 "$log")"
}

# Ends it. What stands on the volume is whole only afterwards.
stop_scratch() {
  [[ ! -e $PGDATA.move/postmaster.pid ]] || pg_ctl stop --silent --wait --timeout=600 --pgdata="$PGDATA.move" --mode="$1"
}
