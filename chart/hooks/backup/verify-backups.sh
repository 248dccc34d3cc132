#!/usr/bin/env bash
# helm test: tells what the newest runs of backups came to, and fails where one that runs by schedule failed. Its arguments: when the first
# backup comes, how to make one now, which kinds of runs come by schedule, and after how many days the last good backup is too old. Exit
# status: 2 without a connection, 3 where a run failed.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh

wait_for_server "$PGDATABASE"
session --set=schedule="$1" --set=now="$2" --set=kinds="$3" --set=days="$4" --file=verify-backups.sql
