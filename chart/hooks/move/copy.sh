# shellcheck shell=bash
# What move.sh copies, and how it compares. A superuser's session runs nothing that others could have changed: definitions are restored,
# and rows written, in sessions of the role that owns them. To read a table by COPY runs nothing of anybody's.

work=$(mktemp --directory)
# What a superuser restores whoever owns it, for it runs nothing: schemas, extensions, and who may do what.
SUPERUSERS='^[0-9]+; [0-9]+ [0-9]+ (SCHEMA|EXTENSION|ACL|DEFAULT ACL|COMMENT - (SCHEMA|EXTENSION)) '
OF_DATABASE='^[0-9]+; [0-9]+ [0-9]+ (DATABASE|(ACL|COMMENT|SECURITY LABEL) - DATABASE) '
# As pg_restore has it: privileges after what they are on, but a schema's, which its owners need; then views that read, and what watches DDL.
PRIVILEGES='^[0-9]+; [0-9]+ [0-9]+ (DEFAULT ACL|ACL (- (LANGUAGE|FOREIGN|LARGE|TABLESPACE|PARAMETER)|[^-])) *'
VIEWS='^[0-9]+; [0-9]+ [0-9]+ MATERIALIZED VIEW DATA '
WATCHERS='^[0-9]+; [0-9]+ [0-9]+ (EVENT TRIGGER|COMMENT - EVENT TRIGGER) '

old() { session --dbname="$PGDATABASE" "$@"; }

# By the new server's own pg_dump. Every list of entries has one at least, and ends with nothing else than entries.
dump_definitions() {
  local section
  for section in pre-data post-data; do
    pg_dump --format=custom --section="$section" --file="$work/$section" "$PGDATABASE"
    pg_restore --list --create "$work/$section" | sed '/^[0-9]/!d' > "$work/$section.list"
  done
}

# The passwords' hashes come along in a pipe.
copy_roles() {
  pg_dumpall --globals-only | sed '/^CREATE ROLE postgres;$/d' |
    new postgres session --dbname=postgres --set=VERBOSITY=terse --file=- > /dev/null
}

# The database with its settings, and who may connect. Until what is in afterwards.sql was run, whoever owns something may.
create_database() {
  grep -E "$OF_DATABASE" "$work/pre-data.list" > "$work/list"
  new postgres pg_restore --exit-on-error --create --use-list="$work/list" --dbname=postgres "$work/pre-data"
  old --file=afterwards.sql > "$work/afterwards.sql"
  sed 's/^REVOKE \(.*\) FROM PUBLIC;$/GRANT \1 TO PUBLIC;/; s/ NOLOGIN;$/ LOGIN;/' "$work/afterwards.sql" |
    new postgres session --dbname=postgres --file=-
}

# Restores what `grep` leaves of a dump's list, in its order, each entry as the role whose it is: restore DUMP ARGUMENTS-OF-GREP….
restore() {
  local dump=$1 line owner role=""
  shift
  : > "$work/list"
  while IFS= read -r line; do
    owner=${line##* }
    [[ -n $owner && ! $line =~ $SUPERUSERS ]] || owner=postgres
    if [[ $owner != "$role" ]]; then
      restore_list "$dump" "$role"
      role=$owner
    fi
    echo "$line" >> "$work/list"
  done < <(sed -E "\\#$OF_DATABASE#d" "$work/$dump.list" | grep -E "$@")
  restore_list "$dump" "$role"
}

restore_list() {
  [[ -s $work/list ]] || return 0
  new "$2" pg_restore --exit-on-error --use-list="$work/list" --dbname="$PGDATABASE" "$work/$1"
  : > "$work/list"
}

# Runs a command for each table: its owner, its name and its columns, both as SQL has them.
each_table() {
  local words
  while read -r -a words; do
    "$1" "$(base64 -d <<< "${words[0]}")" "$(base64 -d <<< "${words[1]}")" "$(base64 -d <<< "${words[2]}")" < /dev/null
  done < "$work/tables"
}

# A checksum is taken of what the old server sends, on its way to the new one.
copy_table() {
  local owner=$1 name=$2 columns=$3 rows begun=$SECONDS
  sha256sum < "$work/rows" >> "$work/sums.old" &
  rows=$(old --command="COPY $name$columns TO STDOUT" | tee "$work/rows" |
    new "$owner" session --dbname="$PGDATABASE" --single-transaction --command="TRUNCATE ONLY $name" \
      --command="COPY $name$columns FROM STDIN (FREEZE)" --command='\echo :ROW_COUNT')
  wait $!
  say "copied     $name, $rows rows in $((SECONDS - begun)) s"
}

sum_of_table() { new postgres session --dbname="$PGDATABASE" --command="COPY $2$3 TO STDOUT" | sha256sum; }

copy_rows() {
  old --file=tables.sql > "$work/tables"
  mkfifo "$work/rows"
  : > "$work/sums.old"
  each_table copy_table
  old --file=sequences.sql > "$work/sequences.old"
  new postgres session --dbname="$PGDATABASE" --file=- < "$work/sequences.old" > /dev/null
  # What remains are large objects. A superuser may write them, for they run nothing.
  pg_dump --format=custom --section=data --blobs --exclude-table-data='*.*' "$PGDATABASE" | new postgres pg_restore --exit-on-error --dbname="$PGDATABASE"
}

# Statistics, so that the service's first queries are planned as its last were. Expressions of indexes run in the table's owner's session.
analyze_table() { new "$1" session --dbname="$PGDATABASE" --command="ANALYZE $2"; }

# Every table's rows, every sequence, and that everything else has its name and its owner.
compare() {
  local kind
  old --file=contents.sql | LC_ALL=C sort > "$work/contents.old"
  new postgres session --dbname="$PGDATABASE" --file=contents.sql | LC_ALL=C sort > "$work/contents.new"
  new postgres session --dbname="$PGDATABASE" --file=sequences.sql > "$work/sequences.new"
  new postgres session --dbname="$PGDATABASE" --file=tables.sql > "$work/tables.new"
  cmp --silent "$work/tables" "$work/tables.new" || fail "the tables there are differ between the two servers; nothing was moved"
  each_table sum_of_table > "$work/sums.new"
  for kind in contents sequences sums; do
    cmp --silent "$work/$kind.old" "$work/$kind.new" ||
      fail "the $kind differ between the two servers, nothing was moved: $(different "$kind")"
  done
  say "compared   $(wc -l < "$work/tables") tables, $(wc -l < "$work/sequences.old") sequences and $(wc -l < "$work/contents.old") others: the same on both servers"
}

# Names alone: what else is in a line is nobody's business.
different() {
  if [[ $1 == sums ]]; then
    paste -d ' ' "$work/sums.old" "$work/sums.new" "$work/tables" |
      while read -r before _ after _ _ name _; do [[ $before == "$after" ]] || base64 -d <<< "$name"; done | paste -s -d ' '
  else
    diff "$work/$1.old" "$work/$1.new" | sed -n 's/^\([<>] [^ ]* [^ ]*\).*/\1/p' | head -n 20 | paste -s -d ' '
  fi
}
