#!/usr/bin/env bash
# Checks the repository: that everything is there that the backups refer to, and that a share of the data is what was written.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh
. ./run.sh
. ./repository.sh

begin check
wait_for_server "$PGDATABASE"
take_turn
need_repository
tidy_repository
if [[ -n $RESTIC_COMMAND ]]; then
  # shellcheck disable=SC2086 # a command and its arguments
  restic $RESTIC_COMMAND || fail "restic $RESTIC_COMMAND failed, for the reason above"
  trap - EXIT
  exit
fi
restic check "$@" || {
  need_repository # a store that is away is not damaged
  fail "the repository is damaged, as said above: keep a copy of it, and see docs/backup.md, A damaged repository"
}
BACKUP=$(latest_backup)
