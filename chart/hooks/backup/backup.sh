#!/usr/bin/env bash
# Makes one backup of the database: dump.sh's output in the encrypted repository, or nothing at all. Only after a good one are old ones
# removed. Exit status: 2 when another try may mend it, 3 when not.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh
. ./run.sh
. ./repository.sh
. ./replica.sh

begin backup
wait_for_server "$PGDATABASE"
take_turn
if find_repository; then
  tidy_repository
else
  say "a new repository: $RESTIC_REPOSITORY"
  restic init --quiet || fail_for_now "the repository $RESTIC_REPOSITORY could not be made, for the reason above"
fi

choose_server

# An unfinished backup leaves no trace in the repository but data that nothing refers to, which would fill a volume.
errors=/tmp/errors.txt
if ! summary=$(restic backup --json --quiet --tag=backup --host="$PGHOST" --stdin-filename="$PGDATABASE.dump" \
  --stdin-from-command -- "$BASH" ./dump.sh 2> "$errors"); then
  cat "$errors" >&2
  reason=$(sed -e '/^{/d' -e '/^$/d' -e 's/^subprocess [^:]*: //' "$errors" | tail --lines=3 | cut --characters=1-300 | paste --serial --delimiters=' ')
  restic prune --quiet --max-repack-size=0 || say "what the failed backup wrote could not be removed" >&2
  fail_for_now "no backup was made: ${reason:-$(grep --only-matching '"message":.*' "$errors")}"
fi
[[ $summary =~ \"snapshot_id\":\"([0-9a-f]+)\" ]] || fail_for_now "restic named no backup: $summary"
BACKUP=${BASH_REMATCH[1]:0:8}
[[ $summary =~ \"total_bytes_processed\":([0-9]+) ]] && BYTES=${BASH_REMATCH[1]}
[[ $summary =~ \"data_added_packed\":([0-9]+) ]] && ADDED_BYTES=${BASH_REMATCH[1]}
say "backup $BACKUP: $((BYTES / 1024)) KiB of $PGDATABASE, $((ADDED_BYTES / 1024)) KiB added to the repository"

# Another server's backups in the repository, from which a release may have been restored, stay.
restic forget --compact --prune --tag=backup --host="$PGHOST" --group-by= "$@" ||
  fail "backup $BACKUP is good, but the old ones could not be removed, for the reason above: look at the repository (docs/backup.md)"
