#!/usr/bin/env bash
# Whether the server answers, for the probes. Each connection is a line in the log, "connection received", before the server knows whose
# it is; so this makes one only in doubt. There is none about a postmaster that says it is ready, waits for connections, woke within the
# time in which it always does (a minute), and recovers nothing. All others (stopped, stuck, busy, starting, ending, gone) are asked.
set -euo pipefail

WOKEN=/tmp/postmaster-woken # how often it had, and since when that is known
LONGEST=90                  # seconds

well() {
  local lines id woken
  mapfile -t lines < "$PGDATA/postmaster.pid" || return 1
  id=${lines[0]}
  [[ ${lines[7]-} == ready* ]] || return 1
  # S: it sleeps, as a postmaster does that has nothing to do; T, for one, would be a stopped one.
  [[ $(< "/proc/$id/stat") == "$id (postgres) S "* ]] || return 1
  # After a crash of one of its processes it still says ready while another one recovers.
  ! grep -qsz '^postgres: \(.*: \)\?startup' /proc/[0-9]*/cmdline || return 1
  woken=$(grep '^voluntary_ctxt_switches' "/proc/$id/status") || return 1
  [[ -e $WOKEN && $(< "$WOKEN") == "$id $woken" ]] || echo "$id $woken" > "$WOKEN"
  (($(date +%s) - $(stat --format=%Y "$WOKEN") < LONGEST))
}

well 2> /dev/null || exec pg_isready -U postgres -h 127.0.0.1 -p "$PGPORT"
