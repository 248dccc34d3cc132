#!/usr/bin/env bash
# Makes the volume ready for the server. An empty volume gets a new database cluster. On every start the superuser gets the
# Secret's password and the schema Job its role, so that a Secret and a volume that went apart never lock anybody out.
set -euo pipefail
ANSWER=/tmp/answer

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

# Runs SQL, one statement a line, as superuser without a server. It also does the recovery that a crash left to do. Nothing may
# write a statement down: not the log, and not the extensions that the settings may preload.
alone() {
  postgres --single -c exit_on_error=on -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_statement=none \
    -c log_duration=off -c log_min_duration_sample=-1 -c log_transaction_sample_rate=0 \
    -c debug_print_parse=off -c debug_print_rewritten=off -c pg_stat_statements.track=none -c pgaudit.log=none \
    -c config_file="$CONFIG_FILE" postgres
}

prepare_roles() {
  local password
  password=$(< "$PASSWORD_FILE")
  alone << SQL > "$ANSWER"
ALTER ROLE postgres PASSWORD '${password//\'/\'\'}'
DO \$\$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'billdb_hook') THEN CREATE ROLE billdb_hook; END IF; END\$\$
ALTER ROLE billdb_hook SUPERUSER LOGIN PASSWORD NULL
SELECT name FROM pg_available_extensions WHERE name = 'pgaudit'
SQL
  say "the superuser has the Secret's password, the schema Job its role"
}

# The audit log of the extension pgaudit, where the image has it; it leaves passwords out of what it logs.
prepare_audit() {
  local preload
  grep --quiet '"pgaudit"' "$ANSWER" || return 0
  preload=$(postgres -C shared_preload_libraries -c config_file="$CONFIG_FILE")
  {
    [[ $preload == *pgaudit* ]] || echo "shared_preload_libraries = '$preload,pgaudit'"
    grep --quiet '^pgaudit.log ' "$CONFIG_FILE" || echo "pgaudit.log = 'ddl, role'"
  } > "$AUDIT_CONFIG"
  alone <<< "ALTER ROLE postgres SET pgaudit.log = 'ddl, role, write, function, misc'" > /dev/null
  say "the image has pgaudit: it logs DDL and roles, and whatever the superuser changes"
}

: > "$AUDIT_CONFIG"
[[ -s $PASSWORD_FILE ]] || fail "the Secret's password of postgres is empty: give it one"
[[ $(< "$PASSWORD_FILE") != *$'\n'* ]] || fail "the Secret's password of postgres has more than one line: give it one that has not"
if [[ -s $PGDATA/PG_VERSION ]]; then
  check_version
  # fsGroup may have opened it to the group, and the server refuses such a folder.
  chmod 0700 "$PGDATA"
elif [[ -d $PGDATA && -n $(ls -A "$PGDATA") ]]; then
  fail "$PGDATA is neither empty nor a database cluster (it has no PG_VERSION): look what is there and move it away"
else
  create_cluster
fi
prepare_roles
prepare_audit
