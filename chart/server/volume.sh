# shellcheck shell=bash
# What prepare-volume and start-server share: how they talk, what the chart decides of the server, and who may write the volume.

NAME=$(basename "$0" .sh)
HERE=$(dirname "$0")
LOCK=${PGDATA%/*}/.billdb-lock

say() { echo "$NAME: $*"; }
fail() {
  say "ERROR: $*" >&2
  exit 1
}

# As options, for ALTER SYSTEM on the volume would override the configuration file.
# shellcheck disable=SC2034 # used by both
mapfile -t SERVER_OPTIONS < "$HERE/server.options"

# Waits until nobody else may write the volume. After a pod was deleted by force, or its node was lost, the next one can start
# beside a server that still runs, and process ids and shared memory, by which servers notice one another, are each container's own.
# The lock is held until the last process ends that this one starts.
lock_volume() {
  local lock status=0 id
  id=$(id -u)
  [[ ! -e $PGDATA || -O $PGDATA ]] ||
    fail "$PGDATA belongs to user id $(stat --format=%u "$PGDATA"), this pod runs as $id: set image.profile or image.user to that user"
  command -v flock > /dev/null || fail "the image has no flock, which keeps two servers off one volume: use one with util-linux"
  { exec {lock}>> "$LOCK"; } 2> /dev/null ||
    fail "user id $id may not write to ${LOCK%/*}, which belongs to user id $(stat --format=%u "${LOCK%/*}"): let it, or set image.user"
  flock -n "$lock" || status=$?
  if ((status == 1)); then
    say "$(date '+%F %T %Z') waiting for the volume: $(< "$LOCK") still has it; this goes on when that has ended"
    # In the background, so that a pod that is deleted while it waits ends at once.
    trap 'exit 143' TERM
    flock "$lock" &
    wait $!
    trap - TERM
    say "$(date '+%F %T %Z') the volume is free"
  elif ((status != 0)); then
    fail "cannot lock $LOCK, which keeps two servers off one volume: take a storage class whose file system has locks"
  fi
  echo "$NAME of pod ${HOSTNAME:-?}, since $(date '+%F %T %Z')" > "$LOCK"
}
