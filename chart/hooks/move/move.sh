#!/usr/bin/env bash
# Moves the database to a new, empty volume, whose server may be of a newer major version. The new server is made in this pod, the old one
# goes on and lets nobody write meanwhile; the old volume is only read. Up to the last step a failure or a kill leaves the old server as it
# was, and the new volume as one that no server starts on. Once all is there and was compared, the old database is closed: nothing can be
# written to it that would be lost. Exit status: 2 when a connection failed or the time was up, 3 when something was refused.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh
. ./scratch.sh
. ./copy.sh

MARK=billdb-moved # in the data, from when they are whole until a server has started on them
state=before

ended() {
  if ((SECONDS >= DEADLINE_SECONDS - 1)); then
    say "ERROR: not done after $DEADLINE_SECONDS s: raise move.deadlineSeconds and helm's --timeout, and run helm upgrade again" >&2
  else
    say "ERROR: told to end before it was done: run helm upgrade again" >&2
  fi
  exit 2
}

leave() {
  local status=$?
  trap - EXIT
  trap '' TERM
  ((status == 0)) || give_up
  rm -rf "$work"
  exit "$status"
}

# The old server as it was. The locks go with their session, however this script ends.
give_up() {
  [[ -z ${HOLDER_PID:-} ]] || kill "$HOLDER_PID" 2> /dev/null || :
  [[ $state != closing ]] || session --dbname=postgres --file=reopen.sql || :
  stop_scratch immediate || :
  [[ $state == before ]] || record false || :
  say "nothing was moved, for the reason above; the old server goes on as before" >&2
}

lock_volume() {
  exec {lock}>> "${PGDATA%/*}/.billdb-lock"
  flock --wait=60 "$lock" || fail "another pod still works on the volume $CLAIM: wait for its end"
}

check_programs() {
  local program
  for program in initdb postgres pg_ctl pg_dump pg_dumpall pg_restore; do
    [[ $("$program" --version 2>&1) =~ \(PostgreSQL\)\ ([0-9]+) ]] || fail "the image has no $program, which a move needs: take one that has"
    [[ $program != initdb ]] || IMAGE_MAJOR=${BASH_REMATCH[1]}
    ((BASH_REMATCH[1] >= IMAGE_MAJOR)) ||
      fail "the image's $program is of PostgreSQL ${BASH_REMATCH[1]}, its server of $IMAGE_MAJOR: take an image where they are of one version"
  done
  OLD_MAJOR=$(session --dbname=postgres --command="SELECT current_setting('server_version_num')::int / 10000")
  ((OLD_MAJOR <= IMAGE_MAJOR)) || fail "the server is PostgreSQL $OLD_MAJOR, the image $IMAGE_MAJOR: no move goes to an older version"
}

# What is on the new volume already: the result of a run that ended, or of one that did not, or what is none of ours.
check_volume() {
  [[ -e $PGDATA ]] || return 0
  [[ -e $PGDATA/$MARK ]] ||
    fail "the volume $CLAIM has data already, and no move made them: choose another word for persistence.volume, or kubectl delete job/${HOSTNAME%-*} pvc/$CLAIM"
  if [[ $(session --dbname=postgres --set=database="$PGDATABASE" --set=claim="$CLAIM" --file=closed.sql) == t ]]; then
    say "the data are on the volume $CLAIM already, and nothing was written to the old one since"
    state=done
    exit 0
  fi
  say "an earlier move to the volume $CLAIM ended, and the old server has gone on since: the data are copied anew"
  # Not deleted in its place: what is left of it after a kill would be nobody's.
  rm -rf "$PGDATA.move"
  mv --no-target-directory "$PGDATA" "$PGDATA.move"
}

check_obstacles() {
  local problems free
  problems=$(
    old --file=obstacles.sql
    session --dbname=postgres --file=obstacles-postgres.sql
    LC_ALL=C comm -23 <(old --command="SELECT extname FROM pg_extension" | LC_ALL=C sort) \
      <(new postgres session --dbname=postgres --command="SELECT name FROM pg_available_extensions" | LC_ALL=C sort) |
      sed 's/.*/the extension & is not in the new image: take one that has it, or drop it/'
  )
  size=$(old --command="SELECT pg_database_size(current_database())")
  free=$(df --block-size=1 --output=avail "${PGDATA%/*}" | tail -n 1)
  if ((free < size + size / 10 + 512 * 1024 * 1024)); then
    problems+=$'\n'"the volume $CLAIM has $((free >> 20)) MiB free, and the database has $((size >> 20)) MiB (a tenth and 512 MiB more are needed): give persistence.volume another word and persistence.size more"
  fi
  [[ -z $problems ]] || fail "the move cannot begin, and nothing was changed:"$'\n'"$(sed '/^$/d; s/^/- /' <<< "$problems")"
}

# A session that keeps everybody from writing for as long as it lasts.
hold() {
  local line
  coproc HOLDER { old --file=- 2>&1; }
  printf '%s\n' '\i lock.sql' '\i hold.sql' "SELECT 'holds ' || pg_backend_pid();" >&"${HOLDER[1]}"
  while IFS= read -r line <&"${HOLDER[0]}"; do
    if [[ $line == holds\ * ]]; then
      holder=${line#holds }
      return
    fi
    say "$line"
  done
  fail "somebody did not let go of a table within 20 s: look at pg_stat_activity, or move at a quieter time"
}

# A session that was lost has let writers in, whose rows are not on the new volume.
check_holder() {
  local line=""
  { echo "SELECT 'still holds';" >&"${HOLDER[1]}"; } 2> /dev/null && read -r -t 30 line <&"${HOLDER[0]}" || :
  [[ $line == "still holds" ]] || fail "the session that keeps others from writing was lost${line:+: $line}"
}

# The result's line in audit.backup_run: a good one's on the new volume, a failure's on the old.
record() {
  local where=(session)
  [[ $1 == false ]] || where=(new postgres session)
  "${where[@]}" --dbname="$PGDATABASE" --set=kind=move --set=succeeded="$1" --set=started_at="$started_at" --set=backup= --set=bytes="$size" \
    --set=added_bytes= --set=message="PostgreSQL $OLD_MAJOR to $IMAGE_MAJOR, volume $CLAIM" --set=release="$RELEASE" \
    --set=chart_version="$CHART_VERSION" --file=record.sql
}

trap leave EXIT
trap ended TERM
say "billdb $CHART_VERSION, release $RELEASE: moving $PGDATABASE to the volume $CLAIM"
lock_volume
wait_for_server postgres
check_programs
check_volume
make_scratch
check_obstacles
started_at=$(date --iso-8601=seconds)
state=copying
hold
held=$SECONDS
say "from here on whoever writes waits, and whoever reads goes on"
copy_roles
dump_definitions
create_database
restore pre-data --invert-match -e "$PRIVILEGES" -e "$VIEWS" -e "$WATCHERS"
copy_rows
restore post-data --invert-match -e "$PRIVILEGES" -e "$VIEWS" -e "$WATCHERS"
restore pre-data -e "$PRIVILEGES"
restore post-data -e "$PRIVILEGES"
restore post-data -e "$VIEWS"
restore post-data -e "$WATCHERS"
each_table analyze_table
new postgres session --dbname=postgres --file="$work/afterwards.sql"
compare
record true
stop_scratch fast
echo "$(date '+%F %T %Z'), of PostgreSQL $OLD_MAJOR" > "$PGDATA.move/$MARK"
sync -f "$PGDATA.move"
mv --no-target-directory "$PGDATA.move" "$PGDATA"
sync -f "$PGDATA"
check_holder
state=closing
session --dbname=postgres --set=database="$PGDATABASE" --set=claim="$CLAIM" --set=holder="$holder" --file=close.sql
state=done
say "moved      PostgreSQL $OLD_MAJOR to $IMAGE_MAJOR; writers have waited $((SECONDS - held)) s and are served again when the new server is ready"
