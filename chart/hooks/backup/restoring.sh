# shellcheck shell=bash
# Brings a backup into a new database, for restore.sh and drill.sh. No superuser's session runs what others wrote, as a function of an
# index or of a domain: a superuser restores what is a superuser's while the database has nothing else, and event triggers at the end;
# what others own is restored by sessions of a role that has the rights of that owner and no more.

WORK=$(mktemp --directory)
RESTORER=billdb_restore
# How the server is reached that is restored to, where it is not the one that the environment names.
TARGET=()
# The superuser's own sessions, and those of the role that restores, whose password no argument and no environment has.
PASSFILE=$WORK/passwords
SQL=(psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --set=work="$WORK" --set=restorer="$RESTORER")
as_superuser() { env "${TARGET[@]}" "$@"; }
as_restorer() { env "${TARGET[@]}" --unset=PGPASSWORD --unset=PGSSLCERT --unset=PGSSLKEY PGUSER="$RESTORER" PGPASSFILE="$PASSFILE" "$@"; }
superusers() { as_superuser "${SQL[@]}" --dbname=postgres "$@"; }
secret() { od --address-radix=n --format=x1 --read-bytes=32 /dev/urandom | tr --delete ' \n'; }

# Sets BACKUP and FILE to the backup that is asked for: latest, an id, or the newest until a day or a moment.
find_backup() {
  local asked=$1 found at moment='^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$'
  [[ $asked =~ ^(latest|[0-9a-f]{4,64})$ || $asked =~ $moment ]] ||
    fail "FROM is $asked: give latest, the id of a backup, a day as 2026-11-30, or a moment as 2026-11-30T14:00"
  restic snapshots --json --no-lock --tag=backup > "$WORK/backups.json" ||
    fail_for_now "the backups of $RESTIC_REPOSITORY cannot be listed, for the reason above"
  found=$("${SQL[@]}" --dbname=postgres --set=from="$asked" --set=zone="$TZ" --file=find-backup.sql) ||
    fail "the backup $asked was not found, for the reason above"
  [[ $found == found* ]] || fail "there is no backup $asked; there are: ${found:-none}"
  IFS=$'\t' read -r _ BACKUP FILE at <<< "$found"
  say "backup     $BACKUP of $at"
}

# What failed because the store or the server is away is tried again.
failed() {
  need_repository
  superusers --command="SELECT 1" > /dev/null || fail_for_now "the server did not answer"
  fail "$@"
}

dump() { restic dump --no-lock "$BACKUP" "$FILE"; }

# Reads the whole backup once, before anything is touched: what follows may count on its being undamaged. Keeps its manifest and the list of
# its dump's entries.
read_backup() {
  local server
  dump | {
    IFS= read -r manifest
    printf '%s\n' "$manifest" > "$WORK/manifest.json"
    pg_restore --list --verbose > "$WORK/list" 2> "$WORK/errors" || : > "$WORK/no-list"
    cat > /dev/null
  } || {
    need_repository # a store that is away is not damaged
    fail "backup $BACKUP is damaged, as said above; nothing was restored: take another one, and see docs/backup.md, A damaged repository"
  }
  "${SQL[@]}" --dbname=postgres --file=read-manifest.sql > "$WORK/facts" 2> "$WORK/no-manifest" && [[ -s $WORK/facts ]] ||
    fail "backup $BACKUP does not begin with a manifest that this chart knows: nothing was restored"
  IFS=$'\t' read -r SERVER SERVER_NUM BYTES SCHEMA_VERSION TABLES ROWS < "$WORK/facts"
  say "backup     PostgreSQL $SERVER, $((BYTES / 1048576)) MiB, schema V$(printf %04d "$SCHEMA_VERSION"), $TABLES tables with $ROWS rows"
  # A dump of an older server is restored by a newer one, and not the other way round.
  server=$("${SQL[@]}" --dbname=postgres --command="SHOW server_version_num") || fail_for_now "the server does not answer"
  ((SERVER_NUM / 10000 <= server / 10000)) ||
    fail "backup $BACKUP is of PostgreSQL $((SERVER_NUM / 10000)), newer than this server's $((server / 10000)): restore it where image.tag is $((SERVER_NUM / 10000)) or more"
  [[ ! -e $WORK/no-list ]] || fail "backup $BACKUP has no dump that this image's pg_restore reads: $(tail --lines=1 "$WORK/errors")"
}

# The chart's roles, those that the backup knows and the server lacks, and the one that restores.
prepare_roles() {
  secret > "$WORK/secret"
  echo "*:*:*:$RESTORER:$(< "$WORK/secret")" >> "$PASSFILE"
  chmod 0600 "$PASSFILE"
  printf '\\i %s\n' settings.sql lock.sql event-triggers.sql roles.sql restore-roles.sql | superusers --file=- ||
    fail_for_now "the roles could not be made, for the reason above"
}

drop_restorer() { superusers --file=drop-restorer.sql || say "the role $RESTORER could not be removed, for the reason above" >&2; }

# Lets the restorer act for a role in the database, and for no other.
act_for() { superusers --set=owner="$1" --set=target="$2" --file=act-for.sql || fail_for_now "the server did not answer"; }

# Restores the entries of a list. Of what pg_restore says, only its own lines are for the log: others may show rows, which are customers' data.
restore_entries() {
  local list=$1
  shift
  IFS= read -r _
  "$@" --use-list="$list" --exit-on-error 2>&1 | sed --quiet '/^pg_restore: /p' >&2
}

restore_superusers() {
  local list=$1 database=$2
  # It reads no further than it has to.
  { dump 2> /dev/null || :; } | restore_entries "$list" as_superuser pg_restore --dbname="$database" --role="$(superusers --command="SELECT rolname FROM pg_roles WHERE oid = 10")"
}

# To the end, so that restic answers for every byte of it.
restore_owners() {
  local list=$1 database=$2 role=$3
  dump | { restore_entries "$list" as_restorer pg_restore --dbname="$database" --role="$role" && cat > /dev/null; }
}

# Fills the empty database $1, and compares it with the manifest.
restore_into() {
  local database=$1 oid role line
  superusers --file=split-list.sql || fail "the list of the dump's entries was not understood, for the reason above"
  [[ ! -s $WORK/strange ]] || fail "the dump has what belongs to roles that the server lacks: $(< "$WORK/strange")"
  while read -r oid line; do echo "$line" >> "$WORK/of-$oid"; done < "$WORK/of"
  # A dump tells what differs from the server that pg_dump is of, and until PostgreSQL 14 everybody may make something in public.
  as_superuser "${SQL[@]}" --dbname="$database" --command="REVOKE CREATE ON SCHEMA public FROM PUBLIC" || fail_for_now "the server did not answer"
  say "restoring  what is the superuser's"
  restore_superusers "$WORK/first" "$database" || failed "restoring what is the superuser's failed, for the reason above"
  as_superuser "${SQL[@]}" --dbname="$database" --file=compare-ledger.sql ||
    fail "what was restored is not what the manifest of backup $BACKUP says: the ledger differs"
  as_superuser "${SQL[@]}" --dbname="$database" --file=count.sql > "$WORK/counted" || fail "the rows could not be counted, for the reason above"
  while IFS=$'\t' read -r oid role; do
    say "restoring  what is ${role}'s"
    act_for "$role" "$database"
    restore_owners "$WORK/of-$oid" "$database" "$role" || failed "restoring what is ${role}'s failed, for the reason above"
    # Code of theirs may have reset the role meanwhile, or granted the restorer something.
    as_superuser "${SQL[@]}" --dbname="$database" --set=owner="$role" --file=- << 'SQL' || fail_for_now "the server did not answer"
REASSIGN OWNED BY :"restorer" TO :"owner";
DROP OWNED BY :"restorer";
SQL
    act_for "$role" "$database"
    as_owner "$role" "$database" count.sql analyze.sql >> "$WORK/counted" || fail "the rows could not be counted, for the reason above"
  done < "$WORK/owners"
  if [[ -s $WORK/last ]]; then
    restore_superusers "$WORK/last" "$database" || fail "restoring the event triggers failed, for the reason above"
  fi
  [[ ! -s $WORK/left ]] || say "left out, for a superuser would run what others wrote (docs/restore.md, What is left out):"$'\n'"$(< "$WORK/left")"
  compare
}

# Runs files of SQL with the rights of a role that the restorer may act for.
as_owner() {
  local role=$1 database=$2
  shift 2
  { echo 'SET ROLE :"owner";' && printf '\\i %s\n' "$@"; } | as_restorer "${SQL[@]}" --dbname="$database" --set=owner="$role" --file=-
}

compare() {
  local differences
  differences=$(superusers --file=compare-rows.sql) || fail "the rows could not be compared, for the reason above"
  [[ -z $differences ]] || fail "what was restored is not what the manifest of backup $BACKUP says: $differences"
  say "compared   $TABLES tables with $ROWS rows, and the ledger: as the manifest says"
}
