#!/usr/bin/env bash
# Whether the server answers, for the probes. Each connection is a line in the log, "connection received", before the server knows whose
# it is; so this makes one only in doubt. There is none about a postmaster that says it is ready, waits for connections, woke within the
# time in which it always does (a minute), and recovers nothing. All others (stopped, stuck, busy, starting, ending, gone) are asked.
#
# It starts no process: the child of a probe that was killed for its time would become the postmaster's, which takes one that fails, or
# dies of a closed pipe, for a crash of its own and ends every session.
set -euo pipefail

WOKEN=/tmp/postmaster-woken # its process id, how often it had, and since when that is known
LONGEST=90                  # seconds

well() {
  local lines id process line title whole="" woken="" known="" now
  mapfile -t lines < "$PGDATA/postmaster.pid" || return 1
  id=${lines[0]}
  [[ ${lines[7]-} == ready* ]] || return 1
  # S: it sleeps, as a postmaster does that has nothing to do; T, for one, would be a stopped one.
  read -r line < "/proc/$id/stat" || return 1
  [[ $line == "$id (postgres) S "* ]] || return 1
  # After a crash of one of its processes it still says ready: while all others end, one of which may be held up by the disk for long,
  # and then while another one recovers.
  for process in /proc/[0-9]*; do
    title=""
    read -r -d "" title < "$process/cmdline" || :
    [[ ! $title =~ ^postgres:\ (.*:\ )?startup ]] || return 1
    [[ ! $title =~ ^postgres:\ (.*:\ )?checkpointer ]] || whole=true
  done
  [[ $whole ]] || return 1
  while read -r line; do
    [[ $line != voluntary_ctxt_switches:* ]] || woken="$id ${line//[^0-9]/}"
  done < "/proc/$id/status"
  [[ -n $woken ]] || return 1
  printf -v now "%(%s)T" -1
  [[ ! -e $WOKEN ]] || read -r known < "$WOKEN" || :
  [[ ${known% *} == "$woken" ]] || {
    known="$woken $now"
    echo "$known" > "$WOKEN" || return 1 # the disk is full
  }
  ((now - ${known##* } < LONGEST))
}

well 2> /dev/null || exec pg_isready -U postgres -h 127.0.0.1 -p "$PGPORT"
