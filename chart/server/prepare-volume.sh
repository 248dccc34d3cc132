#!/usr/bin/env bash
# Makes the volume ready for the server. An empty volume gets a new database cluster. On every start the superuser gets the
# Secret's password and the schema Job its role, so that a Secret and a volume that went apart never lock anybody out.
set -euo pipefail
. "$(dirname "$0")/volume.sh"

read_password() {
  password=$(cat "$PASSWORD_FILE" && echo .) # the dot keeps $() from taking line ends away
  password=${password%.}
  password=${password%$'\n'}
  [[ -n $password ]] || fail "the Secret's password of postgres is empty: give it one"
  [[ $password != *$'\n'* ]] ||
    fail "the Secret's password of postgres has more than one line (line ends at its end count, but for one): give it one that has not"
}

create_cluster() {
  # Made beside its final name, written to the disk at once and moved there whole: a pod killed in the middle leaves nothing that
  # looks like data.
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --pwfile="$PASSWORD_FILE" --auth-local=peer --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale="$CLUSTER_LOCALE" --data-checksums --no-sync --no-instructions
  sync -f "$PGDATA.new"
  mv --no-target-directory "$PGDATA.new" "$PGDATA"
  sync -f "$PGDATA"
  say "created a database cluster in $PGDATA"
}

check_version() {
  local image data way=""
  [[ $(postgres --version) =~ \(PostgreSQL\)\ ([0-9]+) ]] || fail "cannot read the image's version from: $(postgres --version)"
  image=${BASH_REMATCH[1]}
  data=$(< "$PGDATA/PG_VERSION")
  ((image < data)) || way="; from there the way up is helm upgrade with image.tag=$image and persistence.volume=$image (docs/upgrades.md)"
  [[ $image == "$data" ]] || fail "the volume holds the data of PostgreSQL $data, the image is PostgreSQL $image: set image.tag to $data$way"
}

# A volume that data were to be moved to, and are not, is not for a new database.
check_moved() {
  [[ -z ${MOVED_FROM:-} ]] ||
    fail "the data were to be moved here from the claim $MOVED_FROM, and are not: helm rollback, then helm upgrade again with its hooks (docs/upgrades.md)"
}

# Runs SQL, one statement a line, as superuser without a server. It also does the recovery that a crash left to do. Settings of
# databases and roles, and event triggers, are without effect here; these options are against what stands in configuration files.
# Nothing may write a statement down: not the log, and not the extensions that the settings may preload.
# A server that was killed leaves its process id on the volume, which was 1 in its container as this script is in its own: the server
# that starts here is told that 1 is its grandparent, and so none that still runs. The lock of volume.sh is what keeps two apart.
alone() {
  PG_GRANDPARENT_PID=$$ postgres --single -c exit_on_error=on -c standard_conforming_strings=on -c search_path=pg_catalog -c client_encoding=SQL_ASCII \
    -c default_transaction_read_only=off -c statement_timeout=0 -c log_destination=stderr -c log_min_messages=warning \
    -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_statement=none -c log_duration=off \
    -c log_min_duration_sample=-1 -c log_transaction_sample_rate=0 -c debug_print_parse=off -c debug_print_rewritten=off \
    -c pg_stat_statements.track=none -c pgaudit.log=none "${SERVER_OPTIONS[@]}" postgres
}

# A database that a move closed is open again for a server that starts on its volume, as after a rollback.
# Its answer says whether the image has the extension pgaudit, which leaves passwords out of what it logs.
prepare_roles() {
  alone << SQL
DO \$\$BEGIN IF NOT EXISTS (SELECT FROM pg_authid WHERE oid = 10 AND rolname = 'postgres') THEN RAISE 'the superuser of this volume is %, and the chart needs it to be postgres: rename it in its old installation, with CREATE ROLE other SUPERUSER LOGIN and, as that one, ALTER ROLE % RENAME TO postgres', (SELECT rolname FROM pg_authid WHERE oid = 10), (SELECT quote_ident(rolname) FROM pg_authid WHERE oid = 10); END IF; END\$\$
DO \$\$DECLARE moved NAME; BEGIN FOR moved IN SELECT datname FROM pg_database JOIN pg_db_role_setting ON setdatabase = pg_database.oid AND setrole = 0 WHERE NOT datallowconn AND EXISTS (SELECT FROM unnest(setconfig) AS setting WHERE setting LIKE 'billdb.moved\_to=%') LOOP EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', moved); EXECUTE format('ALTER DATABASE %I RESET billdb.moved_to', moved); END LOOP; END\$\$
ALTER ROLE postgres SUPERUSER LOGIN PASSWORD '${password//\'/\'\'}'
DO \$\$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'billdb_hook') THEN CREATE ROLE billdb_hook; END IF; END\$\$
ALTER ROLE billdb_hook SUPERUSER LOGIN PASSWORD NULL
DO \$\$BEGIN IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgaudit') THEN ALTER ROLE postgres SET pgaudit.log = 'ddl, role, write, function, misc'; END IF; END\$\$
SELECT name, current_setting('shared_preload_libraries') AS preload FROM pg_available_extensions WHERE name = 'pgaudit'
SQL
}

# The audit log of the extension pgaudit.
prepare_audit() {
  [[ $1 == *'name = "pgaudit"'* ]] || return 0
  [[ $1 =~ preload\ =\ \"(.*)\"$'\t' ]]
  {
    [[ ${BASH_REMATCH[1]} == *pgaudit* ]] || echo "shared_preload_libraries = '${BASH_REMATCH[1]:+${BASH_REMATCH[1]},}pgaudit'"
    grep --quiet '^pgaudit.log ' "$HERE/postgresql.conf" || echo "pgaudit.log = 'ddl, role'"
  } > "$AUDIT_CONFIG"
  say "the image has pgaudit: it logs DDL and roles, and whatever the superuser changes"
}

: > "$AUDIT_CONFIG"
read_password
lock_volume
if [[ -s $PGDATA/PG_VERSION ]]; then
  check_version
  # fsGroup may have opened it to the group, and the server refuses such a folder.
  chmod 0700 "$PGDATA"
  # From now on the data are in service here, and no move may make them anew.
  rm -f "$PGDATA/billdb-moved"
elif [[ -d $PGDATA && -n $(ls -A "$PGDATA") ]]; then
  fail "$PGDATA is neither empty nor a database cluster (it has no PG_VERSION): look what is there and move it away"
else
  check_moved
  create_cluster
fi
if [[ -e $PGDATA/recovery.signal || -e $PGDATA/standby.signal ]]; then
  say "$PGDATA is to be recovered from an archive or to follow another server: its roles stay as they are until a start after that"
else
  answer=$(prepare_roles)
  say "the superuser has the Secret's password, the schema Job its role"
  prepare_audit "$answer"
fi
