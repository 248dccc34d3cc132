# shellcheck shell=bash
# Which server a backup reads: a replica, so that the primary has its work to itself, where that one lacks nothing.

REPLICA_SECONDS=30 # to get what the primary has

# Sets READ_ADDRESS, the replica's, or leaves it empty for the primary. READ_FROM is the replicas' Service; a backup is of one snapshot, so
# all of its sessions have to be with the same one of them.
choose_server() {
  local written address deadline=$((SECONDS + REPLICA_SECONDS))
  [[ -n ${READ_FROM:-} ]] || return 0
  written=$(session --dbname="$PGDATABASE" --file=replica.sql)
  [[ -n $written ]] || { say "reading from the primary: there are unlogged tables, whose rows no replica has" && return 0; }
  address=$(PGHOST=$READ_FROM session --dbname="$PGDATABASE" --command="SELECT host(inet_server_addr())") ||
    { say "reading from the primary: no replica answers, as said above" && return 0; }
  # One that has lost its primary still answers, with what was there hours ago.
  until [[ $(PGHOST=$READ_FROM PGHOSTADDR=$address session --dbname="$PGDATABASE" --command="SELECT pg_last_wal_replay_lsn() >= '$written'") == t ]]; do
    ((SECONDS < deadline)) ||
      { say "reading from the primary: after $REPLICA_SECONDS s the replica at $address lacks what was committed before" && return 0; }
    sleep 0.2
  done
  export READ_ADDRESS=$address
  say "reading from the replica at $address"
}
