# shellcheck shell=bash
# The repository of the backups: how it is reached, whose turn it is, and what is in it.

export RESTIC_CACHE_DIR=/tmp/restic RESTIC_PROGRESS_FPS=0.05

# Runs restic with the store's Secret, which has restic's own variables as keys, and the store's CA. It tries for a quarter of an hour to
# reach a store that is away, also when it is told to end.
restic() (
  options=()
  for variable in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AZURE_ACCOUNT_NAME AZURE_ACCOUNT_KEY AZURE_ACCOUNT_SAS; do
    [[ ! -e $STORE/$variable ]] || export "$variable=$(< "$STORE/$variable")"
  done
  [[ ! -e $STORE/ca.crt ]] || options+=(--cacert="$STORE/ca.crt")
  left=$((DEADLINE_SECONDS - SECONDS - LAST_WORDS))
  ((left > 0)) || exit 124
  exec timeout --foreground --kill-after=5 "$left" "$RESTIC" "${options[@]}" "$@"
)

# One job of a repository at a time: an advisory lock of a session that lasts as long as the job. The database is one that the service
# cannot reach, so that it cannot hold the lock. Whoever has it knows that no other job runs, and what locks and halves there are, were
# left by jobs that were killed. So a job ends when that session does, with the server or the way to it.
take_turn() {
  local waits=$((DEADLINE_SECONDS / 2)) answer
  coproc TURN {
    # As a command of its own, so that it is psql that is ended.
    psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --file=- \
      --dbname="dbname=postgres keepalives_idle=10 keepalives_interval=5 keepalives_count=3" <&0 &
    trap 'kill "$!"; exit' TERM
    wait "$!" || say "ERROR: the session ended that has the turn at the repository" >&2
    kill -TERM 0
  }
  cat >&"${TURN[1]}" << SQL
SELECT CASE WHEN pg_try_advisory_lock(hashtext('billdb backup')) THEN 'mine' ELSE 'taken' END AS turn \gset
\echo :turn
SET lock_timeout = '$waits s';
SELECT 'mine' FROM (SELECT pg_advisory_lock(hashtext('billdb backup'))) AS turn;
-- A client that only waits would not see that the session is gone. Its transactions last a second.
DO 'BEGIN LOOP COMMIT; PERFORM pg_sleep(1); END LOOP; END';
SQL
  read -r answer <&"${TURN[0]}" || answer=none
  if [[ $answer == taken ]]; then
    say "another job of the repository is at work: waiting for its end, $waits s at most"
    read -r answer <&"${TURN[0]}" || answer=none
  fi
  [[ $answer == mine ]] || fail_for_now "no turn at the repository in $waits s, for the reason above"
}

# What jobs that were killed left: locks, and files that were being written. Only for whoever has the turn.
tidy_repository() {
  [[ ! -d $RESTIC_REPOSITORY ]] || find "$RESTIC_REPOSITORY" -type f -name '*-tmp-*' -delete
  restic unlock --remove-all --quiet
}

# Whether there is a repository (status 1: none), after a look with the password; ends the run where there is no way in.
find_repository() {
  local status=0 answer
  answer=$(restic cat config --no-lock 2>&1 > /dev/null) || status=$?
  case $status in
    0) return 0 ;;
    10) return 1 ;;
    12) fail "the repository's password is not that of $RESTIC_REPOSITORY: bring the Secret back that it was made with (docs/backup.md, The password)" ;;
    *) fail_for_now "no way into the repository $RESTIC_REPOSITORY: ${answer//$'\n'/ }" ;;
  esac
}

need_repository() {
  find_repository || fail "there is no repository at $RESTIC_REPOSITORY: make a backup first, or set backup.repository to where it is"
}

# The newest backup's id; nothing where there is none.
latest_backup() { restic snapshots --json --no-lock --tag=backup latest | sed --quiet 's/.*"short_id":"\([0-9a-f]*\)".*/\1/p'; }
