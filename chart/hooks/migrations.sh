# shellcheck shell=bash
# The migrations' part of migrate.sh: which are to be applied, in which sessions, and how often that is tried.

# A line that was meant as a marker and is none would change how its file runs, unseen.
check_markers() {
  local wrong
  wrong=$(grep --text --ignore-case --extended-regexp --line-number -e '--[[:space:]]*billdb[[:space:]]*:' V[0-9]*__*.sql /dev/null |
    grep --text --invert-match --extended-regexp -e '^[^:]+:[0-9]+:-- billdb: (superuser|no-transaction|concurrently)$' | cat -v) || return 0
  fail "no marker: $wrong
a marker is a line of its own, without blanks around it: -- billdb: superuser, -- billdb: no-transaction or -- billdb: concurrently"
}

# Whether the file has one of these markers.
marked() {
  local file=$1 word
  shift
  for word; do
    ! grep --quiet --line-regexp --fixed-strings -- "-- billdb: $word" "$file" || return 0
  done
  return 1
}

# How every session in the service's database begins.
plan_session() {
  printf '\\i %s\n' settings.sql lock.sql "$@" strangers.sql
  echo "CREATE TEMPORARY TABLE migration_begun (at TIMESTAMPTZ NOT NULL, transaction XID8 NOT NULL);"
}

# Brings what the superuser's session relies on to what it should be, and finds what is to be applied. The first migrations of a new
# database are the superuser's: they are applied here, to save a session.
plan_preparation() {
  local file version description
  printf '\\i %s\n' settings.sql lock.sql event-triggers.sql ownership.sql audit.sql privileges.sql
  echo "CREATE TEMPORARY TABLE chart_migration (version INTEGER, description TEXT, sha256 TEXT, file TEXT);"
  for file in V[0-9]*__*.sql; do
    read -r version description < <(parts "$file")
    echo "INSERT INTO chart_migration VALUES ($version, '$description', '$(checksum "$file")', '$file');"
  done
  printf '\\i %s\n' check-ledger.sql leftovers.sql
  echo "SELECT EXISTS (SELECT version FROM chart_migration EXCEPT SELECT version FROM audit.schema_migration) AS pending \\gset"
  printf '%s\n' '\if :pending' '\i settle.sql' '\endif' '\i strangers.sql'
  echo "CREATE TEMPORARY TABLE migration_begun (at TIMESTAMPTZ NOT NULL, transaction XID8 NOT NULL);"
  for file in V[0-9]*__*.sql; do
    marked "$file" superuser || break
    plan_migration "$file"
  done
  printf '\\i %s\n' event-triggers.sql audit.sql
  echo "SELECT file FROM chart_migration WHERE version NOT IN (SELECT version FROM audit.schema_migration) ORDER BY version \\g pending"
}

# The number and the words of a migration's name.
parts() {
  [[ $1 =~ ^V([0-9]+)__(.+)\.sql$ ]]
  echo "$((10#${BASH_REMATCH[1]})) ${BASH_REMATCH[2]//_/ }"
}

checksum() { sha256sum "$1" | cut -d ' ' -f 1; }

# What a session is to do for one migration: apply it with its line of the ledger, unless another run has done so meanwhile. What comes
# after the file uses no variable of psql's that the file could have set.
plan_migration() {
  local file=$1 version description
  read -r version description < <(parts "$file")
  echo "SELECT NOT EXISTS (SELECT FROM audit.schema_migration WHERE version = $version) AS pending \\gset"
  echo '\if :pending'
  marked "$file" no-transaction concurrently || echo "BEGIN;"
  # What a superuser's file makes is of the superuser that initdb made, whoever has logged in.
  ! marked "$file" superuser || echo "SELECT set_config('role', rolname, FALSE) AS role FROM pg_roles WHERE oid = 10 \\gset"
  echo "DELETE FROM migration_begun;"
  echo "INSERT INTO migration_begun VALUES (clock_timestamp(), pg_current_xact_id());"
  echo "SET search_path = $(path_of "$file");"
  # CONCURRENTLY waits for every older transaction, long as that may be, and blocks nobody while it waits.
  ! marked "$file" concurrently || echo "SET lock_timeout = 0;"
  printf '\\set SHOW_CONTEXT errors\n\\i %s\n\\set ON_ERROR_STOP on\n\\i settings.sql\n' "$file"
  echo "SET billdb.file = '$file';"
  if marked "$file" no-transaction concurrently; then printf '\\i %s\n' finished.sql; else printf '\\i %s\n' unended.sql; fi
  cat << SQL
INSERT INTO audit.schema_migration (version, description, sha256, applied_at, duration_ms, release, chart_version)
SELECT $version, '$description', '$(checksum "$file")', at, extract(EPOCH FROM clock_timestamp() - at) * 1000, '$RELEASE', '$CHART_VERSION'
FROM migration_begun
RETURNING format('applied    %s in %s ms', '$file', duration_ms);
SQL
  marked "$file" no-transaction concurrently || echo "COMMIT;"
  printf '%s\n' '\endif'
}

# Where a file finds what it names without a schema. A superuser's finds PostgreSQL's own and nothing else: whoever may make a function in
# public could have it called instead of one of those. V0001 is released, makes extensions in public, and calls nothing.
path_of() {
  if marked "$1" superuser && [[ $1 != V0001__extensions_and_schemas.sql ]]; then echo "''"; else echo public; fi
}

# Applies files of one kind in one session.
apply() {
  local kind=$1 file
  shift
  {
    if [[ $kind == superuser ]]; then plan_session event-triggers.sql; else plan_session; fi
    for file; do
      plan_migration "$file"
    done
  } | as "$kind"
}

apply_pending() {
  local file kind="" of files=()
  while read -r file; do
    if marked "$file" superuser; then of=superuser; else of=owner; fi
    if [[ $of != "$kind" && -n $kind ]]; then
      apply "$kind" "${files[@]}" || return
      files=()
    fi
    kind=$of
    files+=("$file")
  done < pending
  [[ -z $kind ]] || apply "$kind" "${files[@]}"
}

run_migrations() {
  plan_preparation | as superuser && apply_pending &&
    printf '\\i %s\n' settings.sql lock.sql event-triggers.sql privileges.sql report.sql | as superuser
}

# A table that is busy is tried again a few times, with pauses in which the service catches up.
migrate_schema() {
  local errors=/tmp/errors.txt attempt status
  for ((attempt = 1; ; attempt++)); do
    status=0
    { run_migrations 2>&1 >&3 | tee "$errors" >&2; } 3>&1 || status=$?
    ((status != 0)) || return 0
    if ((status == 3 && attempt < LOCK_TRIES)) && grep --quiet "holds the advisory lock of schema runs" "$errors"; then
      continue
    fi
    if ((status == 3)) && grep --quiet -e "canceling statement due to lock timeout" -e "deadlock detected" "$errors"; then
      session --file=blockers.sql
      if ((attempt < LOCK_TRIES)); then
        say "the lock was not to be had in $LOCK_TIMEOUT; try $((attempt + 1)) of $LOCK_TRIES follows in $((attempt * 2)) s"
        sleep $((attempt * 2))
        continue
      fi
      say "ERROR: no lock in $LOCK_TRIES tries: end the transactions above, or upgrade at a quieter time" >&2
    fi
    ((status != 3)) || say "ERROR: what ended before the error above stays, the rest was not done; mend that, and run helm upgrade again" >&2
    exit "$status"
  done
}
