#!/usr/bin/env bash
# Writes the password file that the exporter's driver reads at each connection, for any role's password, whatever is in it. In the address
# of the database, where the exporter itself would put it, one with a blank fails and is written to the log.
set -euo pipefail
umask 077
password=$(< "/credentials/$1")
password=${password//\\/\\\\}
printf '*:*:*:%s:%s\n' "$1" "${password//:/\\:}" > "$PGPASSFILE"
