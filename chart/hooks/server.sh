# shellcheck shell=bash
# What the scripts share that work on the server as its superuser and as the owner: how their sessions begin.

# Each session's settings from its first statement on, whatever ALTER DATABASE … SET says: names are PostgreSQL's own, a backslash in a
# string is one, what is configured for applications ends no migration, and a run that was killed or whose node is gone lets go of its locks.
SETTINGS=(
  'search_path=pg_catalog,pg_temp' role=none standard_conforming_strings=on quote_all_identifiers=off constraint_exclusion=partition row_security=on
  default_transaction_read_only=off 'default_transaction_isolation=read\ committed' default_transaction_deferrable=off
  lock_timeout=0 statement_timeout=0 idle_in_transaction_session_timeout=0 idle_session_timeout=0 client_min_messages=warning
  local_preload_libraries= client_connection_check_interval=2s tcp_keepalives_idle=10 tcp_keepalives_interval=5 tcp_keepalives_count=3
)
PGOPTIONS=$(printf -- '-c %s ' "${SETTINGS[@]}")
export PGOPTIONS

# A server whose node is gone does not say so: after 25 s without a sign of it the connection is lost. libpq has no variable for that.
PGSERVICEFILE=$(mktemp)
printf '%s\n' '[billdb]' keepalives_idle=10 keepalives_interval=5 keepalives_count=3 > "$PGSERVICEFILE"
export PGSERVICEFILE PGSERVICE=billdb

fail() {
  say "ERROR: $*" >&2
  exit 3
}

# One psql session of several steps: its advisory lock makes two runs at the same time take turns.
session() { psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"; }

# The owner's password: made of a secret of this Job's alone, so that runs at the same time agree on it and nobody else can log in.
owner_password() {
  { echo bill_inquiry_owner && cat "${PGSSLKEY:-$CREDENTIALS/postgres}"; } | sha256sum | cut -d ' ' -f 1
}

# A session in the service's database, as superuser or as the owner, who does not have the superuser's certificate.
as() (
  PGOPTIONS+=" -c lock_timeout=$LOCK_TIMEOUT"
  if [[ $1 == owner ]]; then
    unset PGSSLCERT PGSSLKEY
    export PGUSER=bill_inquiry_owner PGPASSWORD=$OWNER_PASSWORD
  else
    PGOPTIONS+=" -c lc_messages=C" # of the owner by roles.sql: only a superuser may set it
  fi
  session --file=-
)
