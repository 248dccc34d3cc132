#!/usr/bin/env bash
# Starts the server, once nobody else may write the volume: as the container's first process, or with a log of JSON below this one.
set -euo pipefail
. "$(dirname "$0")/volume.sh"

# JSON comes from the server's logging collector alone, which writes files: here one that is a link to the container's own output, never
# on a disk and never rotated. The collector ends last, once it has written what all others said, and the kernel ends a container with
# its first process: so that is this one, which waits for the end of everything that the server started.
log_json() {
  local output alive server status=0 signal folder=/tmp/log
  exec {output}>&1
  mkdir -p "$folder"
  ln -sfn "/proc/self/fd/$output" "$folder/postgresql.json"
  # What is not the server's own, such as a loader's or a command's words.
  ln -sfn "/proc/self/fd/$output" "$folder/postgresql.log"
  # shellcheck disable=SC2034 # each of them has it open, until the last one ends
  exec {alive}< <(exec postgres "${SERVER_OPTIONS[@]}" --log_destination=jsonlog --logging_collector=on --log_directory="$folder" \
    --log_filename=postgresql.log --log_rotation_age=0 --log_rotation_size=0 --log_truncate_on_rotation=off "$@" {held}>&1 >&"$output")
  server=$!
  for signal in TERM INT QUIT HUP; do
    # shellcheck disable=SC2064 # these are known now
    trap "kill -s $signal $server 2> /dev/null || :" "$signal"
  done
  # A signal ends a wait, and not the server.
  while kill -0 "$server" 2> /dev/null; do
    status=0
    wait "$server" || status=$?
  done
  read -r -u "$alive" || :
  exit "$status"
}

lock_volume
# A server that was killed leaves its socket, with a lock that names a process id: in the container's next life that may be another
# process's, and no server would start any more. That it has ended is known by the volume's lock.
rm -f /var/run/postgresql/.s.PGSQL.*
[[ ${LOG_FORMAT:-text} == text ]] || log_json "$@"
exec postgres "${SERVER_OPTIONS[@]}" "$@"
