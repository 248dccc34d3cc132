# shellcheck shell=bash
# How a run begins and ends: its result is the last line of the log and a row of audit.backup_run, which monitoring reads. A run that
# was killed leaves no row.

LAST_WORDS=30 # seconds before its deadline in which a run ends what it began, and says so

# What the row says beside that; the script fills in what it knows.
BACKUP="" BYTES="" ADDED_BYTES="" MESSAGE=""

begin() {
  KIND=$1
  STARTED_AT=$(date --utc +%FT%T.%3NZ)
  trap ended EXIT
  trap told_to_end TERM
  say "billdb $CHART_VERSION, release $RELEASE: $KIND of $PGDATABASE"
}

# What another try would not mend ends the Job (exit status 3).
fail() {
  MESSAGE=$*
  say "ERROR: $MESSAGE" >&2
  exit 3
}

# What another try may mend: the Job makes one, as far as its backoffLimit goes; but for one that took all its time.
fail_for_now() {
  ((SECONDS < DEADLINE_SECONDS - LAST_WORDS)) ||
    fail "not done in $DEADLINE_SECONDS s (mend what is slow, or raise this Job's deadlineSeconds): $*"
  MESSAGE=$*
  say "ERROR: $MESSAGE" >&2
  exit 2
}

# `timeout` and the kubelet end this script and what it runs alike; what is to be read about it is written here.
told_to_end() { fail_for_now "told to end before it was done; the next run begins anew"; }

ended() {
  local status=$?
  trap - EXIT TERM
  # shellcheck disable=SC2046 # one word a process
  kill $(jobs -p) 2> /dev/null || :
  [[ $status == 0 || -n $MESSAGE ]] || MESSAGE="ended with status $status; the Job's log says why"
  record "$status"
  [[ $status != 0 ]] || say "done in $SECONDS s"
  exit "$status"
}

record() {
  local succeeded=false
  [[ $1 != 0 ]] || succeeded=true
  PGCONNECT_TIMEOUT=5 timeout 30 psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=kind="$KIND" --set=started_at="$STARTED_AT" \
    --set=succeeded="$succeeded" --set=backup="$BACKUP" --set=bytes="$BYTES" --set=added_bytes="$ADDED_BYTES" --set=message="$MESSAGE" \
    --set=release="$RELEASE" --set=chart_version="$CHART_VERSION" --file=record.sql ||
    say "this result is not in audit.backup_run, for the reason above" >&2
}
