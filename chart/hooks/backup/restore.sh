#!/usr/bin/env bash
# Restores a backup into a new database beside the service's, and by choice gives it the service's name. Until it is restored and compared,
# its name ends with _restoring; then with _restored. One transaction renames it and the one that was there, which is kept.
# FROM: latest, an id, or a day or moment. THEN: keep, or swap. REPLACE=true: what is in the way may go. INSTALL=true: for a release that
# has no data yet; UPGRADE=true: which is tried again. Exit status: 2 when another try may mend it, 3 when not.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh
. ./run.sh
. ./repository.sh
. ./restoring.sh

# PostgreSQL's names have 63 characters at most.
RESTORING=${PGDATABASE:0:53}_restoring
RESTORED=${PGDATABASE:0:53}_restored
KEPT=${PGDATABASE:0:40}_before_$(date +%Y%m%d_%H%M%S)
[[ $RESTORED != "$PGDATABASE" && $RESTORING != "$PGDATABASE" ]] || { echo "ERROR: $PGDATABASE is the name of a restored database" >&2 && exit 3; }

there() {
  local answer
  answer=$(superusers --set=name="$1" --file=- <<< "SELECT count(*) FROM pg_database WHERE datname = :'name'") || fail_for_now "the server did not answer"
  [[ $answer == 1 ]]
}

# The backup that the restored database is of, as its comment says; nothing where it does not.
restored_backup() {
  superusers --set=name="$RESTORED" --file=- <<< "SELECT substring(shobj_description(oid, 'pg_database') FROM '^billdb: backup ([0-9a-f]+)') FROM pg_database WHERE datname = :'name'"
}

# Any table but PostgreSQL's own counts as data.
has_data() {
  local answer
  there "$PGDATABASE" || return
  answer=$(as_superuser "${SQL[@]}" --dbname="$PGDATABASE" --command="SELECT count(*) > 0 FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384") ||
    fail_for_now "whether $PGDATABASE has data is not known, for the reason above; nothing was restored"
  [[ $answer == t ]]
}

check_room() {
  local lacking
  lacking=$(superusers --set=bytes="$BYTES" --file=room.sql) || { say "the room on the server's volume is not known, for the reason above" >&2 && return; }
  [[ -z $lacking ]] || fail "not enough room for backup $BACKUP: it $lacking; nothing was restored: let persistence.size grow, or drop what is not needed"
}

check_target() {
  if there "$RESTORED" && [[ $REPLACE != true ]]; then
    fail "the database $RESTORED is there already: DROP DATABASE $RESTORED, or set REPLACE=true; nothing was restored"
  fi
}

drop_unfinished() {
  superusers --set=restoring="$RESTORING" --file=- <<< 'DROP DATABASE IF EXISTS :"restoring" WITH (FORCE);' && superusers --file=drop-restorer.sql
}

# What a run leaves that fails: nothing; one that is killed, what the next one removes.
finish() {
  local status=$?
  if ((status)); then
    drop_unfinished || say "what was begun could not be removed, for the reason above: the next run does so" >&2
    (exit "$status") || ended
  fi
  ended
}

restore() {
  drop_unfinished || fail_for_now "the server did not answer"
  check_room
  check_target
  trap finish EXIT
  prepare_roles
  superusers --set=restoring="$RESTORING" --set=restored="$RESTORED" --file=- << 'SQL' || fail_for_now "the database $RESTORING could not be made, for the reason above"
DROP DATABASE IF EXISTS :"restored" WITH (FORCE);
CREATE DATABASE :"restoring" OWNER bill_inquiry_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"restoring" FROM PUBLIC;
SQL
  restore_into "$RESTORING"
  drop_restorer
  superusers --set=restoring="$RESTORING" --set=restored="$RESTORED" --set=comment="billdb: backup $BACKUP of release $RELEASE" --file=- << 'SQL' || fail_for_now "the database $RESTORING could not be renamed, for the reason above"
SELECT count(pg_terminate_backend(pid, 5000)) AS ended FROM pg_stat_activity WHERE datname = :'restoring' \gset
BEGIN;
COMMENT ON DATABASE :"restoring" IS :'comment';
ALTER DATABASE :"restoring" RENAME TO :"restored";
COMMIT;
SQL
  say "restored   into the database $RESTORED"
}

swap() {
  superusers --set=live="$PGDATABASE" --set=restored="$RESTORED" --set=kept="$KEPT" --file=swap.sql ||
    fail_for_now "the databases have their names still, for the reason above; another try swaps them"
  MESSAGE="backup $BACKUP is $PGDATABASE now"
  if there "$KEPT"; then
    MESSAGE+=", and what it was is $KEPT"
    say "kept       the database as it was: $KEPT; when it is not needed any more: DROP DATABASE $KEPT"
  fi
  say "swapped    $PGDATABASE is backup $BACKUP now, at schema V$(printf %04d "$SCHEMA_VERSION"): helm upgrade brings it to this chart's"
}

# An upgrade of a release that was restored, or has its own data: nothing to be told or recorded.
if [[ $INSTALL == true && $UPGRADE == true ]]; then
  wait_for_server postgres
  if has_data; then
    say "$PGDATABASE has data: nothing is restored (restore.from is for a release that has none)"
    exit
  fi
fi

begin restore
[[ $THEN == keep || $THEN == swap ]] || fail "THEN is $THEN: give keep, which leaves the restored database beside the service's, or swap"
wait_for_server postgres
take_turn
if [[ $INSTALL == true && $REPLACE != true ]] && has_data; then
  fail "$PGDATABASE has data already, nothing was restored: leave restore.from empty, or set restore.replace to put it aside"
fi
need_repository
find_backup "$FROM"
read_backup
if [[ $REPLACE != true ]] && there "$RESTORED" && [[ $(restored_backup) == "$BACKUP" ]]; then
  say "restored   $RESTORED is backup $BACKUP already, by a run before this one"
else
  restore
fi
MESSAGE="backup $BACKUP is in the database $RESTORED"
[[ $THEN == keep ]] || swap
