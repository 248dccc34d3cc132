# shellcheck shell=bash
# What the scripts of the Jobs and tests share: how they talk and how they wait for the server.

# A password is read here, so that no specification, environment of the container or argument list has it.
if [[ -e $CREDENTIALS/$PGUSER ]]; then
  PGPASSWORD=$(< "$CREDENTIALS/$PGUSER")
  export PGPASSWORD
fi

# What is sent is UTF-8, whatever the locale of the image.
export PGCLIENTENCODING=UTF8

say() { echo "$(date +%T) $*"; }

# Waits until the server lets this role into the database; where SERVER_MAJOR is given, a server of that version.
wait_for_server() {
  local deadline=$((SECONDS + WAIT_SECONDS)) answer="" last=""
  until answer=$(psql --no-psqlrc --quiet --no-align --tuples-only --dbname="$1" --command="SHOW server_version" 2>&1) &&
    [[ $'\n'$answer == *$'\n'"${SERVER_MAJOR:-}"* ]]; do
    [[ $answer == "$last" ]] || say "waiting for ${SERVER_MAJOR:+PostgreSQL $SERVER_MAJOR in }the server${MADE_BY:+, which $MADE_BY makes (kubectl get cluster)}: $answer"
    last=$answer
    if ((SECONDS >= deadline)); then
      say "ERROR: no connection to ${SERVER_MAJOR:+PostgreSQL $SERVER_MAJOR at }$PGHOST:$PGPORT after $WAIT_SECONDS s; look at the server's log and raise schema.waitSeconds if it only was slow" >&2
      exit 2
    fi
    sleep 0.2
  done
  say "the server at $PGHOST:$PGPORT answers"
}
