#!/usr/bin/env bash
# Makes the volume ready for the server. An empty volume gets a new database cluster; on one that has data, the superuser's
# password is set to the Secret's, so that a Secret and a volume that went apart never lock anybody out.
set -euo pipefail

say() { echo "prepare-volume: $*"; }
fail() {
  say "ERROR: $*" >&2
  exit 1
}

create_cluster() {
  # Made beside its final name and moved there whole: a pod killed in the middle leaves nothing that looks like data.
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --pwfile="$PASSWORD_FILE" --auth-local=peer --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale="$CLUSTER_LOCALE" --data-checksums
  mv --no-target-directory "$PGDATA.new" "$PGDATA"
  sync -f "$PGDATA"
  say "created a database cluster in $PGDATA"
}

check_version() {
  local image data
  [[ $(postgres --version) =~ \(PostgreSQL\)\ ([0-9]+) ]] || fail "cannot read the image's version from: $(postgres --version)"
  image=${BASH_REMATCH[1]}
  data=$(< "$PGDATA/PG_VERSION")
  [[ $image == "$data" ]] ||
    fail "the volume holds the data of PostgreSQL $data, the image is PostgreSQL $image: set image.tag to $data"
}

set_password() {
  # Single-user mode asks for no password. It also does the recovery that a crash left to do.
  local password
  password=$(< "$PASSWORD_FILE")
  postgres --single -c exit_on_error=on -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_statement=none \
    -c config_file="$CONFIG_FILE" postgres > /dev/null <<< "ALTER ROLE postgres PASSWORD '${password//\'/\'\'}'"
  say "the data in $PGDATA is ready, its superuser has the Secret's password"
}

[[ -s $PASSWORD_FILE ]] || fail "the Secret's key postgres-password is empty: give it a password"
if [[ -s $PGDATA/PG_VERSION ]]; then
  check_version
  # fsGroup may have opened it to the group, and the server refuses such a folder.
  chmod 0700 "$PGDATA"
  set_password
elif [[ -d $PGDATA && -n $(ls -A "$PGDATA") ]]; then
  fail "$PGDATA is neither empty nor a database cluster (it has no PG_VERSION): look what is there and move it away"
else
  create_cluster
fi
