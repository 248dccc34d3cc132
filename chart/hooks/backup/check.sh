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
restic check "$@" ||
  fail "the repository is damaged, as said above: keep a copy of it, and see docs/backup.md, A damaged repository"
BACKUP=$(latest_backup)
